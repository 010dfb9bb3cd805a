#!lua flags=allow-oom
-- Extends the leases that this holder has.
-- KEYS: leases.
-- ARGV: seconds, what the key of a group begins with, holder, group ids.
-- Returns nothing.
-- include: tasks/storage/lua/include/clock.lua

for at = 4, #ARGV do
  if redis.call('HGET', ARGV[2] .. ARGV[at], 'holder') == ARGV[3] then
    redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[at])
  end
end
return false
