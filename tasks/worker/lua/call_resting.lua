-- Calls a process that rests.
-- KEYS: the list by which it is called.
-- ARGV: none.
-- Returns nothing.
-- include: tasks/ledger/lua/include/call_resting.lua

call_resting(KEYS[1])
