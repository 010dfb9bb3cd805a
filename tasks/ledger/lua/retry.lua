#!lua flags=allow-oom
-- Has a group tried again after a while. Said twice it counts once.
-- KEYS: group, leases.
-- ARGV: fence, group id, seconds to wait, error.
-- Returns 1, or 0 and no change where the fence is old or the group is finished.
-- include: tasks/storage/lua/include/clock.lua
-- include: tasks/ledger/lua/include/excuse.lua

local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'holder')
if held[1] ~= ARGV[1] or held[2] then return 0 end
if not held[3] then return 1 end
excuse(KEYS[1])
redis.call('HINCRBY', KEYS[1], 'retries', 1)
redis.call('HSET', KEYS[1], 'retry_error', ARGV[4])
redis.call('HDEL', KEYS[1], 'started_at', 'progress', 'holder')
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[2])
return 1
