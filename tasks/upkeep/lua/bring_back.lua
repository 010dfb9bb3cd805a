#!lua flags=allow-oom
-- Brings back what lies in a future that the clock of Redis has gone back from: a worker's lease that is longer than
-- one can be, a wait for being tried again, when work was accepted. Each in its own order, and only so many at once.
-- KEYS: leases, pending of each lane.
-- ARGV: seconds of a lease, of the longest wait, what the key of a group begins with, how many.
-- Returns how many were brought back.
-- include: tasks/storage/lua/include/clock.lua

local brought = 0
local function bring(key, group, at)
  redis.call('ZADD', key, 'XX', at, group)
  brought = brought + 1
end
local lease, wait = now + ARGV[1], now + ARGV[2]
local late = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. lease, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
for at = 1, #late, 2 do
  if redis.call('HEXISTS', ARGV[3] .. late[at], 'holder') == 1 then
    bring(KEYS[1], late[at], lease)
  elseif tonumber(late[at + 1]) > wait then
    bring(KEYS[1], late[at], wait)
  end
end
for i = 2, #KEYS do
  for _, group in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '(' .. now, '+inf', 'LIMIT', 0, ARGV[4])) do
    bring(KEYS[i], group, now)
  end
end
return brought
