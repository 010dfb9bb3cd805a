-- Charges a request to an account, if it can be admitted. There is one bucket for each limit; it holds what may be used
-- in a second and fills at that rate. A cost that is greater than the bucket needs a full one and leaves a debt, so
-- that the mean holds whatever the size of a body. Rows are known when they are predicted: workers write what is owed
-- for them, which is paid before the next request.
-- KEYS: the account's hash.
-- ARGV: now (s; '' for the clock of Redis), how long it is kept for what workers write (s), then name, rate, cost of
-- each limit ('' for one that is not asked now).
-- Returns the wait (ms) and the index of the limit that asks for it (0: none, admitted), and what is left of each
-- limit, rounded down.
-- include: tasks/storage/lua/include/clock.lua

local owing, count = tonumber(ARGV[2]), (#ARGV - 2) / 3
now = tonumber(ARGV[1]) or tonumber(now)
local names, rates, costs, levels, waits, worst = {}, {}, {}, {}, 0, 0
for n = 1, count do
  names[n], rates[n], costs[n] = ARGV[n * 3], tonumber(ARGV[n * 3 + 1]), tonumber(ARGV[n * 3 + 2])
end
local kept = redis.call('HMGET', KEYS[1], 'at', unpack(names))
-- The clock may have gone back: then the buckets fill from now on.
local at = math.min(kept[1] or now, now)
local owed = tonumber(redis.call('HGET', KEYS[1], 'owed') or 0)
local passed = now - at
for n, rate in ipairs(rates) do
  levels[n] = math.min(rate, (tonumber(kept[n + 1] or rate)) + passed * rate)
  if names[n] == 'rows' then levels[n] = levels[n] - owed end
  local lacking = costs[n] and (math.min(costs[n], rate) - levels[n]) / rate or 0
  if lacking > waits then waits, worst = lacking, n end
end
local reply, life = {math.ceil(waits * 1000), worst}, 1
local fields = {'owed', 0, 'at', string.format('%.6f', now)}
for n, level in ipairs(levels) do
  if worst == 0 then level = level - (costs[n] or 0) end
  fields[#fields + 1], fields[#fields + 2] = names[n], string.format('%.6f', level)
  life = math.max(life, 1 + (rates[n] - level) / rates[n])
  if names[n] == 'rows' then life = math.max(life, owing) end
  reply[#reply + 1] = math.max(0, math.floor(level))
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('EXPIRE', KEYS[1], math.ceil(life))
return reply
