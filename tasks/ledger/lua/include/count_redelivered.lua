-- `count_redelivered(counts, kind, lane)`: counts a claim of a group that had been claimed before.

local function count_redelivered(counts, kind, lane)
  -- include: tasks/ledger/lua/include/work_counts.lua
  redis.call('BITFIELD', counts, 'INCRBY', 'i64', place_offset(kind .. ':' .. lane) + REDELIVERED, 1)
end
