-- Deletes a model's snapshot; its versions stay.
-- KEYS: `model_keys`.
-- ARGV: fact, model name.
-- Returns 1, or 0 and no change if there is none.
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/note.lua
-- include: tasks/registry/lua/include/forget_empty.lua

local keys = model_keys(1)
if redis.call('HDEL', keys.model, 'snapshot') == 0 then return 0 end
forget_empty(keys, ARGV[2])
note(keys, ARGV[1])
return 1
