-- Takes note that somebody has looked for work that nobody finishes, if there is no work at all, and the last note is
-- not new: each is a write to the disk.
-- KEYS: when somebody looked; then all keys of which each is there as long as there is work of its kind.
-- ARGV: for how long a note is new (seconds).
-- Returns 1, or 0 if there is work, and nothing is changed.

if redis.call('EXISTS', unpack(KEYS, 2)) > 0 then return 0 end
local now = redis.call('TIME')
local age = now[1] + now[2] / 1000000 - tonumber(redis.call('GET', KEYS[1]) or 0)
-- The clock of Redis may have gone back since.
if age >= 0 and age < tonumber(ARGV[1]) then return 1 end
redis.call('SET', KEYS[1], string.format('%d.%03d', now[1], math.floor(now[2] / 1000)))
return 1
