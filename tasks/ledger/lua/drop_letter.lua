-- Takes a dead letter out.
-- KEYS: those of take_letter.lua.
-- ARGV: those of take_letter.lua.
-- Returns nothing, or 'gone' and no change.
-- include: tasks/ledger/lua/include/take_letter.lua

return false
