-- For the group that ACCEPT records, of whose kind and lane there is no other.
-- include: tasks/storage/lua/include/clock.lua
-- include: tasks/ledger/lua/include/currents.lua

-- `assignee()`: seconds of its leases, holder and list of the process that waits for such a group; nothing where none
-- waits, or another lane has work. While the process lives it hears the channel that is called as its list.
local function assignee()
  local waits = redis.call('GET', ARGV[18])
  if not waits then return end
  local seconds, holder, list = string.match(waits, '^(.-)\n(.-)\n(.*)$')
  if redis.call('PUBSUB', 'NUMSUB', list)[2] == 0 then return end
  for _, items in ipairs(redis.call('HMGET', KEYS[4], ARGV[16], ARGV[17])) do
    if tonumber(items or 0) > 0 then return end
  end
  return seconds, holder, list
end

-- `assign(list, seconds, models, record)`: gives the group with this record, which says that it is claimed, to that
-- process. Into its list is put a line of numbers, how many parts are about models and how long each part is, and then
-- the parts: group id, what `currents` says of the models, the record, flat.
local function assign(list, seconds, models, record)
  redis.call('ZADD', ARGV[14], now + seconds, ARGV[1])
  local parts = currents(ARGV[15], models)
  local numbers = { #parts, #ARGV[1] }
  for at = 1, #record do parts[#parts + 1] = record[at] end
  for at = 1, #parts do numbers[at + 2] = #parts[at] end
  redis.call('LPUSH', list, table.concat({ table.concat(numbers, ' '), '\n', ARGV[1], unpack(parts) }))
  -- What nobody takes is done by another then.
  redis.call('EXPIRE', list, math.ceil(seconds))
end
