-- Deletes a version that somebody no longer wants. The model has no current version if it was that.
-- KEYS: `model_keys`.
-- ARGV: version, force (1 or 0), fact, model name.
-- Returns 1; 0 and no change if there is no such version; and, if force is 0, no change and -1 if it is current, or -2
-- if it has an alias.
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/note.lua
-- include: tasks/registry/lua/include/forget_version.lua
-- include: tasks/registry/lua/include/forget_empty.lua

local keys = model_keys(1)
if redis.call('HEXISTS', keys.versions, ARGV[1]) == 0 then return 0 end
local current, names = redis.call('HGET', keys.model, 'current') == ARGV[1], {}
for place, value in ipairs(redis.call('HGETALL', keys.aliases)) do
  if place % 2 == 1 then names[#names + 1] = value elseif value ~= ARGV[1] then names[#names] = nil end
end
if ARGV[2] ~= '1' then
  if current then return -1 end
  if #names > 0 then return -2 end
end
if current then redis.call('HDEL', keys.model, 'current') end
for _, name in ipairs(names) do redis.call('HDEL', keys.aliases, name) end
forget_version(keys, ARGV[1])
forget_empty(keys, ARGV[4])
note(keys, ARGV[3], ARGV[1])
return 1
