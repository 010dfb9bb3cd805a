-- `count_accepted(counts, "kind:lane", items)`: counts a group that is accepted.

local function count_accepted(counts, where, items)
  -- include: tasks/ledger/lua/include/work_counts.lua
  local place, size = place_offset(where), size_bucket(tonumber(items))
  redis.call('BITFIELD', counts,
    'INCRBY', 'i64', place + SUBMITTED, items,
    'INCRBY', 'i64', place + SIZE + size, 1)
end
