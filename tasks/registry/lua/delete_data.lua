-- Deletes a model's snapshot; its versions stay.
-- KEYS: model, history, versions, models.
-- ARGV: fact, model name.
-- Returns 1, or 0 and no change if there is none.
-- include: tasks/registry/lua/include/note.lua
-- include: tasks/registry/lua/include/forget_empty.lua

if redis.call('HDEL', KEYS[1], 'snapshot') == 0 then return 0 end
forget_empty(KEYS[1], KEYS[3], KEYS[4], ARGV[2])
note(KEYS[2], ARGV[1])
return 1
