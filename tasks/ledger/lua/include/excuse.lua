-- `excuse(group)`: the delivery, and what was begun last in it, do not count.

local function excuse(group)
  redis.call('HINCRBY', group, 'excused', 1)
  local trying = redis.call('HGET', group, 'trying')
  if trying then
    redis.call('HINCRBY', group, 'strikes' .. string.match(trying, '%d+'), -1)
    redis.call('HDEL', group, 'trying')
  end
end
