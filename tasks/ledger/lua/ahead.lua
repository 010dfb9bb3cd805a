-- Counts how many groups wait that were accepted earlier in the same lane, or are in another. What has a lease runs or
-- waits for being tried again: that is sought among the newest leases, at most so many.
-- KEYS: leases, pending of the group's lane, pending of each lane that is taken before it.
-- ARGV: group id, most leases.
-- Returns the number; 0 if the group does not wait.
-- include: tasks/storage/lua/include/clock.lua

local place = redis.call('ZRANK', KEYS[2], ARGV[1])
if not place then return 0 end
local ahead = place
for at = 3, #KEYS do ahead = ahead + redis.call('ZCARD', KEYS[at]) end
for _, group in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. now, 'LIMIT', 0, ARGV[2])) do
  local rank = redis.call('ZRANK', KEYS[2], group)
  if rank and rank < place then ahead = ahead - 1 end
  for at = 3, #KEYS do
    if redis.call('ZSCORE', KEYS[at], group) then ahead = ahead - 1 end
  end
end
return ahead
