#!lua flags=allow-oom
-- Goes from one item of a group to the next. Said twice it counts once.
-- KEYS: group.
-- ARGV: fence, index of the item that is done ('' for none), its outcome, index of the item that is tried next ('' for
-- none).
-- Returns how often that one was begun, 1 for none; 0 and no change where the fence is old or the group is finished.

local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'trying')
if held[1] ~= ARGV[1] or held[2] then return 0 end
local following = ARGV[4] .. ':' .. ARGV[1]
if held[3] == following then return tonumber(redis.call('HGET', KEYS[1], 'strikes' .. ARGV[4])) end
redis.call('HDEL', KEYS[1], 'trying', 'timed_out', 'over_memory')
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'part' .. ARGV[2], ARGV[3]) end
if ARGV[4] == '' then return 1 end
redis.call('HSET', KEYS[1], 'trying', following)
return redis.call('HINCRBY', KEYS[1], 'strikes' .. ARGV[4], 1)
