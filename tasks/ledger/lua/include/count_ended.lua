-- Counts the items of a group that `finish.lua` ends by their states, the time of the group, and that of the items on
-- which a worker worked: those that succeeded or failed.
-- include: tasks/ledger/lua/include/work_counts.lua

local place, states = place_offset(ARGV[5]), ARGV[6]
local _, succeeded = string.gsub(states, 's', '')
local worked, waited, ran = 0, 0, 0
-- Where nobody knows when it was started, no worker had it.
if held[6] then
  worked = succeeded
  if succeeded < #states then
    local _, failed = string.gsub(states, 'f', '')
    worked = succeeded + failed
  end
  waited, ran = math.max(held[6] - held[5], 0), math.max(now - held[6], 0)
end
if succeeded < #states then
  local _, cancelled = string.gsub(states, 'c', '')
  local _, expired = string.gsub(states, 'e', '')
  redis.call('BITFIELD', KEYS[10],
    'INCRBY', 'i64', place + CANCELLED, cancelled,
    'INCRBY', 'i64', place + EXPIRED, expired)
end
redis.call('BITFIELD', KEYS[10],
  'INCRBY', 'i64', place + SUCCEEDED, succeeded,
  'INCRBY', 'i64', place + ROWS, ARGV[12],
  'INCRBY', 'i64', place + BUSY, math.floor(ran * 1000000 + 0.5),
  'INCRBY', 'i64', place + WAIT_SUM, math.floor(waited * worked * 1000000 + 0.5),
  'INCRBY', 'i64', place + WAIT + time_bucket(waited), worked,
  'INCRBY', 'i64', place + RUN_SUM, math.floor(ran * worked * 1000000 + 0.5),
  'INCRBY', 'i64', place + RUN + time_bucket(ran), worked)
