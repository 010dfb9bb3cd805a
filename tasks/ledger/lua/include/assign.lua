-- `assign()`: gives the group that ACCEPT records, of whose kind and lane there is no other, to the process that waits
-- for such, as CLAIM does; false, and no change, where none waits or another lane has work. That process hears the
-- channel that is called as its list, into which is put for it a line of numbers, how many parts are about models and
-- how long each part is, and the parts: group id, message, what `currents` says of the models, the record, flat.
-- include: tasks/storage/lua/include/clock.lua
-- include: tasks/ledger/lua/include/currents.lua

local function assign()
  local assignee = redis.call('GET', ARGV[18])
  if not assignee then return false end
  local seconds, holder, list = string.match(assignee, '^(.-)\n(.-)\n(.*)$')
  -- One that is gone hears nothing.
  if redis.call('PUBSUB', 'NUMSUB', list)[2] == 0 then return false end
  for _, items in ipairs(redis.call('HMGET', KEYS[4], ARGV[16], ARGV[17])) do
    if tonumber(items or 0) > 0 then return false end
  end
  redis.call('ZADD', ARGV[14], now + seconds, ARGV[1])
  redis.call('HSET', KEYS[1], 'fence', '1', 'holder', holder, 'started_at', now)
  local record, models = { 'submitted_at', now, 'fence', '1', 'started_at', now }, ''
  for at = 19, #ARGV, 2 do
    record[at - 12], record[at - 11] = ARGV[at], ARGV[at + 1]
    if ARGV[at] == 'models' then models = ARGV[at + 1] end
  end
  local parts = currents(ARGV[15], models)
  local numbers = { #parts, #ARGV[1], #ARGV[2] }
  for at = 1, #record do parts[#parts + 1] = record[at] end
  for at = 1, #parts do numbers[at + 3] = #parts[at] end
  redis.call('LPUSH', list, table.concat({ table.concat(numbers, ' '), '\n', ARGV[1], ARGV[2], unpack(parts) }))
  redis.call('EXPIRE', list, 60)
  return true
end
