#!lua flags=allow-oom
-- Claims a group for a worker.
-- KEYS: group, leases, counters of work.
-- ARGV: group id, what the key of a model begins with, seconds of the lease, holder, what the key of a group begins
-- with, what those of turns and of groups in work begin with, the kinds that take turns (a blank before and behind
-- each), how many groups of an owner may be in work while another has fewer and waits (0: any number), the list by
-- which processes of estimates that rest are called, and the lists of messages of estimates.
-- Returns {the whole record, flat, then what the claim has changed in it, with the fence raised; of each model in it
-- name, current version and its identity ('' for none), flat, 1 for an estimate that is the only work there is, else
-- 0}; nothing if there is no work left to do or the lease is held; {the group whose turn is before}, and the group is
-- not claimed.
-- include: tasks/storage/lua/include/clock.lua
-- include: tasks/ledger/lua/include/free.lua
-- include: tasks/ledger/lua/include/currents.lua

local flat, record = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #flat, 2 do record[flat[at]] = flat[at + 1] end
-- Nobody holds what nobody has claimed.
if not record.models or record.finished_at or record.fence and not free(KEYS[2], ARGV[1]) then return false end
if string.find(ARGV[8], ' ' .. record.kind .. ' ', 1, true) then
  -- include: tasks/ledger/lua/include/turns.lua
  local turns, held, owner = ARGV[6] .. record.kind, ARGV[7] .. record.kind, owner_of(KEYS[1])
  local share = tonumber(ARGV[9])
  local other = share > 0 and before(turns, held, KEYS[2], owner, share, ARGV[5])
  if other then return { other } end
  take_turn(turns, owner, ARGV[1])
  redis.call('HSET', held, ARGV[1], owner)
end
if record.fence then
  -- include: tasks/ledger/lua/include/count_redelivered.lua
  count_redelivered(KEYS[3], record.kind, record.lane)
end
local fence = (record.fence or 0) + 1
local started = record.started_at or string.format('%.6f', math.max(now, record.last_cancel or 0))
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[1], 'fence', fence, 'holder', ARGV[4], 'started_at', started)
local last = #flat
flat[last + 1], flat[last + 2] = 'fence', tostring(fence)
flat[last + 3], flat[last + 4] = 'holder', ARGV[4]
flat[last + 5], flat[last + 6] = 'started_at', started
local alone = 0
if record.kind == 'estimate' then
  local waiting = 0
  for at = 11, #ARGV do waiting = waiting + redis.call('LLEN', ARGV[at]) end
  if waiting > 0 then
    -- include: tasks/ledger/lua/include/call_resting.lua
    call_resting(ARGV[10])
  elseif redis.call('ZCARD', KEYS[2]) == 1 then
    alone = 1
  end
end
return {flat, currents(ARGV[2], record.models), alone}
