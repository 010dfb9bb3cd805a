-- Takes note that somebody has looked for work that nobody finishes, if there is no work at all.
-- KEYS: when somebody looked; then all keys of which each is there as long as there is work of its kind.
-- ARGV: none.
-- Returns 1, or 0 if there is work, and nothing is changed.

if redis.call('EXISTS', unpack(KEYS, 2)) > 0 then return 0 end
local now = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%d.%03d', now[1], math.floor(now[2] / 1000)))
return 1
