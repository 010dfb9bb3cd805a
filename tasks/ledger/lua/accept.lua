-- Accepts a group: records it and publishes its message, both or neither.
-- KEYS: group, pending, queue, depth, unfinished, deadlines, idempotency key ('' for none), counters of work,
-- turns of its kind ('' for a kind that takes none), then the lists of tasks in which the group is.
-- ARGV: group id, message, "kind:lane", items, owners (msgpack: owner, items, owner, ...), the group's id as bytes,
-- deadline ('' for none), what is kept under the idempotency key, its life (s), owners who may have only so much
-- (msgpack: owner, items, most, owner, ...; '' for none), where the counter of accepted items and that of groups of
-- this size lie (bits); the list by which processes that rest are called, the leases, what the key of a model begins
-- with, "kind:lane" of the other two lanes (each '' for a kind whose processes do not rest); who is assigned what comes
-- alone ('': nobody); then field and value of the record, and so on, the models last.
-- Returns nothing; or, and no change, what is kept under the idempotency key, or a list of the owners who would have
-- too much and how many more items each may have.
-- include: tasks/storage/lua/include/clock.lua

if KEYS[7] ~= '' then
  local known = redis.call('GET', KEYS[7])
  if known then return known end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
if ARGV[10] ~= '' then
  local limits, full = cmsgpack.unpack(ARGV[10]), {}
  for at = 1, #limits, 3 do
    local left = limits[at + 2] - tonumber(redis.call('HGET', KEYS[5], limits[at]) or 0)
    if left < limits[at + 1] then
      full[#full + 1], full[#full + 2] = limits[at], math.max(left, 0)
    end
  end
  if #full > 0 then return full end
end
if KEYS[7] ~= '' then redis.call('SET', KEYS[7], ARGV[8], 'EX', ARGV[9]) end
-- include: tasks/ledger/lua/include/assign.lua
local depth, seconds, holder, own = redis.call('HINCRBY', KEYS[4], ARGV[3], ARGV[4]), nil, nil, nil
if ARGV[13] ~= '' and ARGV[18] ~= '' and depth == tonumber(ARGV[4]) then seconds, holder, own = assignee() end
local claimed = own and { 'fence', '1', 'holder', holder, 'started_at', now } or {}
local record = { 'submitted_at', now, unpack(ARGV, 19) }
for at = 1, #claimed do record[#record + 1] = claimed[at] end
redis.call('HSET', KEYS[1], 'items', ARGV[4], 'owners', ARGV[5], unpack(record))
redis.call('ZADD', KEYS[2], now, ARGV[1])
local owners = cmsgpack.unpack(ARGV[5])
for at = 1, #owners, 2 do redis.call('HINCRBY', KEYS[5], owners[at], owners[at + 1]) end
for at = 10, #KEYS do redis.call('ZADD', KEYS[at], now, ARGV[6]) end
if KEYS[9] ~= '' then
  -- include: tasks/ledger/lua/include/turns.lua
  wait_for_turn(KEYS[9], KEYS[1], ARGV[1])
end
if ARGV[7] ~= '' then redis.call('ZADD', KEYS[6], ARGV[7], ARGV[1]) end
if own then
  assign(own, seconds, ARGV[#ARGV], record)
else
  local waiting = redis.call('LPUSH', KEYS[3], ARGV[2])
  if ARGV[13] ~= '' and (waiting > 1 or redis.call('ZCARD', ARGV[14]) > 0) then
    -- Who would take this one may have work.
    -- include: tasks/ledger/lua/include/call_resting.lua
    call_resting(ARGV[13])
  end
end
-- include: tasks/ledger/lua/include/count_accepted.lua
return false
