-- Deletes a version that somebody no longer wants. The model has no current version if it was that.
-- KEYS: model, versions, retired, reports, curves, history.
-- ARGV: version, force (1 or 0), fact.
-- Returns 1; 0 and no change if there is no such version; -1 and no change if it is current and force is 0.
-- include: tasks/registry/lua/include/note.lua

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return 0 end
if redis.call('HGET', KEYS[1], 'current') == ARGV[1] then
  if ARGV[2] ~= '1' then return -1 end
  redis.call('HDEL', KEYS[1], 'current')
end
for place = 2, 5 do redis.call('HDEL', KEYS[place], ARGV[1]) end
redis.call('HDEL', KEYS[1], 'identity' .. ARGV[1])
note(KEYS[6], ARGV[3], ARGV[1])
return 1
