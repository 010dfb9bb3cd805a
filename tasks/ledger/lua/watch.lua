-- Has one more process told of a group's outcome, but not if there is no such group or it is finished: nobody would
-- clear the watchers away.
-- KEYS: group, watchers.
-- ARGV: process, seconds.
-- Returns nothing.

if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'finished_at') == 1 then return false end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return false
