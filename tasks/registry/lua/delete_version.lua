-- Deletes a version that somebody no longer wants. The model has no current version if it was that.
-- KEYS: model, versions, retired, reports, curves, history, aliases, models.
-- ARGV: version, force (1 or 0), fact, model name.
-- Returns 1; 0 and no change if there is no such version; and, if force is 0, no change and -1 if it is current, or -2
-- if it has an alias.
-- include: tasks/registry/lua/include/note.lua
-- include: tasks/registry/lua/include/forget_empty.lua

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return 0 end
local current, names = redis.call('HGET', KEYS[1], 'current') == ARGV[1], {}
for place, value in ipairs(redis.call('HGETALL', KEYS[7])) do
  if place % 2 == 1 then names[#names + 1] = value elseif value ~= ARGV[1] then names[#names] = nil end
end
if ARGV[2] ~= '1' then
  if current then return -1 end
  if #names > 0 then return -2 end
end
if current then redis.call('HDEL', KEYS[1], 'current') end
for _, name in ipairs(names) do redis.call('HDEL', KEYS[7], name) end
for place = 2, 5 do redis.call('HDEL', KEYS[place], ARGV[1]) end
redis.call('HDEL', KEYS[1], 'identity' .. ARGV[1])
forget_empty(KEYS[1], KEYS[2], KEYS[8], ARGV[4])
note(KEYS[6], ARGV[3], ARGV[1])
return 1
