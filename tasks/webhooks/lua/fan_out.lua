#!lua flags=allow-oom
-- Makes deliveries of what was told, and takes that out. Said twice it makes them once.
-- KEYS: the fence, webhooks, what was told, counters.
-- ARGV: fence, most messages that may wait for a webhook, what the keys of deliveries, of those that are due and of
-- those that were made begin with, field of the counter of those that are dropped, what was told (msgpack: ids), the
-- deliveries (msgpack: webhook, message, record, ...).
-- Returns 1, or 0 and no change where the fence is old.
-- include: tasks/storage/lua/include/clock.lua

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local found, most = cmsgpack.unpack(ARGV[8]), tonumber(ARGV[2])
for at = 1, #found, 3 do
  local webhook, message, record = found[at], found[at + 1], found[at + 2]
  local due = ARGV[4] .. webhook
  if redis.call('HEXISTS', KEYS[2], webhook) == 1 then
    if redis.call('ZCARD', due) >= most then
      redis.call('HINCRBY', KEYS[4], ARGV[6], 1)
    elseif redis.call('HSETNX', ARGV[3] .. webhook, message, record) == 1 then
      redis.call('ZADD', due, now, message)
      redis.call('ZADD', ARGV[5] .. webhook, now, message)
    end
  end
end
for _, id in ipairs(cmsgpack.unpack(ARGV[7])) do redis.call('XDEL', KEYS[3], id) end
return 1
