-- `count_ended(counts, "kind:lane", states, rows, submitted, started, ended)`: counts the items of a group by their
-- states (a letter each), the time of the group, and that of the items on which a worker worked: those that succeeded
-- or failed. `started` is false where nobody knows.

local function count_ended(counts, where, states, rows, submitted, started, ended)
  -- include: tasks/ledger/lua/include/work_counts.lua
  local function those(letters)
    local _, found = string.gsub(states, letters, '')
    return found
  end
  local function millionths(seconds) return math.floor(seconds * 1000000 + 0.5) end
  local place, worked, waited, ran = place_offset(where), 0, 0, 0
  if started then
    worked, waited, ran = those('[sf]'), math.max(started - submitted, 0), math.max(ended - started, 0)
  end
  redis.call('BITFIELD', counts,
    'INCRBY', 'i64', place + SUCCEEDED, those('s'),
    'INCRBY', 'i64', place + CANCELLED, those('c'),
    'INCRBY', 'i64', place + EXPIRED, those('e'),
    'INCRBY', 'i64', place + ROWS, rows,
    'INCRBY', 'i64', place + BUSY, millionths(ran),
    'INCRBY', 'i64', place + WAIT_SUM, millionths(waited * worked),
    'INCRBY', 'i64', place + WAIT + time_bucket(waited), worked,
    'INCRBY', 'i64', place + RUN_SUM, millionths(ran * worked),
    'INCRBY', 'i64', place + RUN + time_bucket(ran), worked)
end
