-- `make_current(keys, number)`: the version is current, and the one that was is retired. Both remember since and until
-- when: FROM-TO for each time that is over, FROM- for one that is not, with commas between them. FROM is empty where an
-- earlier release, which did not say, made the version current.
-- include: tasks/storage/lua/include/clock.lua

local function make_current(keys, number)
  local old = redis.call('HGET', keys.model, 'current')
  if old == tostring(number) then return end
  if old then
    redis.call('HSET', keys.retired, old, now)
    redis.call('HSET', keys.periods, old, (redis.call('HGET', keys.periods, old) or '-') .. now)
  end
  redis.call('HDEL', keys.retired, number)
  redis.call('HSET', keys.model, 'current', number)
  local before = redis.call('HGET', keys.periods, number)
  redis.call('HSET', keys.periods, number, (before and before .. ',' or '') .. now .. '-')
end
