#!lua flags=allow-oom
-- Claims a group for a worker.
-- KEYS: group, leases, counters of work.
-- ARGV: group id, what the key of a model begins with, seconds of the lease, holder, what the key of a group begins
-- with, what those of turns and of groups in work begin with, the kinds that take turns (a blank before and behind
-- each), how many groups of an owner may be in work while another has fewer and waits (0: any number).
-- Returns {the whole record, flat, with the fence raised; of each model in it name, current version and its identity
-- ('' for none), flat}; nothing if there is no work left to do or the lease is held; {the group whose turn is before},
-- and the group is not claimed.
-- include: tasks/storage/lua/include/clock.lua
-- include: tasks/ledger/lua/include/free.lua
-- include: tasks/ledger/lua/include/count_redelivered.lua
-- include: tasks/ledger/lua/include/turns.lua

local over = redis.call('HMGET', KEYS[1], 'models', 'finished_at', 'kind', 'last_cancel')
if not over[1] or over[2] or not free(KEYS[2], ARGV[1]) then return false end
if string.find(ARGV[8], ' ' .. over[3] .. ' ', 1, true) then
  local turns, held, owner = ARGV[6] .. over[3], ARGV[7] .. over[3], owner_of(KEYS[1])
  local share = tonumber(ARGV[9])
  local other = share > 0 and before(turns, held, KEYS[2], owner, share, ARGV[5])
  if other then return { other } end
  take_turn(turns, owner, ARGV[1])
  redis.call('HSET', held, ARGV[1], owner)
end
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
if redis.call('HINCRBY', KEYS[1], 'fence', 1) > 1 then
  local known = redis.call('HMGET', KEYS[1], 'kind', 'lane')
  count_redelivered(KEYS[3], known[1], known[2])
end
redis.call('HSET', KEYS[1], 'holder', ARGV[4])
redis.call('HSETNX', KEYS[1], 'started_at', string.format('%.6f', math.max(now, over[4] or 0)))
local currents = {}
for model in string.gmatch(over[1], '%S+') do
  local current = redis.call('HGET', ARGV[2] .. model, 'current') or ''
  table.insert(currents, model)
  table.insert(currents, current)
  table.insert(currents, current ~= '' and redis.call('HGET', ARGV[2] .. model, 'identity' .. current) or '')
end
return {redis.call('HGETALL', KEYS[1]), currents}
