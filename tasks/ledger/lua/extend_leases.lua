#!lua flags=allow-oom
-- Gives every lease at least so long from now.
-- KEYS: leases.
-- ARGV: seconds.
-- Returns nothing.
-- include: tasks/storage/lua/include/clock.lua

for _, group in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now + ARGV[1])) do
  redis.call('ZADD', KEYS[1], now + ARGV[1], group)
end
return false
