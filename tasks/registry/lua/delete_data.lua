-- Deletes a model's snapshot; its versions stay.
-- KEYS: model, history.
-- ARGV: fact.
-- Returns 1, or 0 and no change if there is none.
-- include: tasks/registry/lua/include/note.lua

if redis.call('HDEL', KEYS[1], 'snapshot') == 0 then return 0 end
note(KEYS[2], ARGV[1])
return 1
