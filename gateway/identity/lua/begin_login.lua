-- Counts an attempt to log in as failed, if it may be made.
-- KEYS: whether the address is known for the account; the counters of both together and of the account; that of the
-- address, if there is one.
-- ARGV: now (s; '' for the clock of Redis), first pause, longest pause, then of each counter the free failures, the
-- seconds in which one is taken off (0: none is) and its life (s).
-- Returns how long to wait (ms); 0: the attempt may be made, and is counted.
-- include: tasks/storage/lua/include/clock.lua
-- include: gateway/identity/lua/include/counters.lua

now = tonumber(ARGV[1]) or tonumber(now)
local first, longest = tonumber(ARGV[2]), tonumber(ARGV[3])
local wait = 0
for _, i in ipairs(counters()) do
  local left = tonumber(redis.call('HGET', KEYS[i], 'until') or 0) - now
  if left > longest then
    -- The clock has gone back: no pause is longer than from now on.
    left = longest
    redis.call('HSET', KEYS[i], 'until', string.format('%.3f', now + longest))
  end
  wait = math.max(wait, left)
end
if wait > 0 then return math.ceil(wait * 1000) end
for _, i in ipairs(counters()) do
  local free, drain, life = tonumber(ARGV[i * 3 - 2]), tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
  local kept = redis.call('HMGET', KEYS[i], 'failures', 'at')
  local failures = tonumber(kept[1] or 0)
  if drain > 0 then failures = math.max(0, failures - math.max(0, now - tonumber(kept[2] or now)) / drain) end
  failures = failures + 1
  redis.call('HSET', KEYS[i], 'failures', string.format('%.6f', failures), 'at', string.format('%.3f', now))
  local beyond = math.floor(failures - free)
  if beyond >= 0 then
    local pause = math.min(longest, first * 2 ^ math.min(beyond, 30))
    redis.call('HSET', KEYS[i], 'until', string.format('%.3f', now + pause))
  end
  redis.call('EXPIRE', KEYS[i], life)
end
return 0
