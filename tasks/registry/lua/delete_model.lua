-- Deletes a model with all its versions. Its history stays, and the number of its last version: no version of a model
-- that has the name later gets a number that was told before.
-- KEYS: `model_keys`.
-- ARGV: model name, force (1 or 0), fact.
-- Returns 1; 0 and no change if there is no such model; -1 and no change if it has a current version and force is 0.
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/note.lua
-- include: tasks/registry/lua/include/forget_model.lua

local keys = model_keys(1)
if redis.call('SISMEMBER', keys.models, ARGV[1]) == 0 then return 0 end
if redis.call('HEXISTS', keys.model, 'current') == 1 and ARGV[2] ~= '1' then return -1 end
local last = redis.call('HGET', keys.model, 'last_version')
forget_model(keys, ARGV[1])
local all = {history = true, models = true, names = true, tagged = true}
for name, key in pairs(keys) do
  if not all[name] then redis.call('DEL', key) end
end
if last then redis.call('HSET', keys.model, 'last_version', last) end
note(keys, ARGV[3])
return 1
