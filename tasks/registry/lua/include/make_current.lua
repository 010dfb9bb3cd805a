-- `make_current(model, retired, number)`: the version is current, and the one that was is retired.
-- include: tasks/storage/lua/include/clock.lua

local function make_current(model, retired, number)
  local old = redis.call('HGET', model, 'current')
  if old then redis.call('HSET', retired, old, now) end
  redis.call('HDEL', retired, number)
  redis.call('HSET', model, 'current', number)
end
