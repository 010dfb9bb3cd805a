-- A process is assigned nothing more.
-- KEYS: the process that is assigned estimates, the list of this one.
-- ARGV: what the first key holds if it is this one.
-- Returns what it was assigned and has not taken, which is taken from its list.

if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
local left = redis.call('LRANGE', KEYS[2], 0, -1)
redis.call('DEL', KEYS[2])
return left
