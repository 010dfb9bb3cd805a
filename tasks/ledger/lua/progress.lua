-- Shows how far the work is.
-- KEYS: group.
-- ARGV: fence, progress.
-- Returns 1; 0 and no change where the fence is old or the group is finished; -1 and no change if it is cancelled.

local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'cancel0')
if held[1] ~= ARGV[1] or held[2] then return 0 end
if held[3] then return -1 end
redis.call('HSET', KEYS[1], 'progress', ARGV[2])
return 1
