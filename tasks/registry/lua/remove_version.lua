-- Removes a version that has not been current since a time.
-- KEYS: model, versions, retired, reports, curves, history.
-- ARGV: version, before (seconds since the epoch), fact.
-- Returns 1, or 0 and no change.
-- include: tasks/registry/lua/include/note.lua

if redis.call('HGET', KEYS[1], 'current') == ARGV[1] then return 0 end
local retired = redis.call('HGET', KEYS[3], ARGV[1])
if retired and tonumber(retired) >= tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[1], 'identity' .. ARGV[1])
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
note(KEYS[6], ARGV[3], ARGV[1])
return 1
