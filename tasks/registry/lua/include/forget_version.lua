-- `forget_version(keys, number)`: takes away all that is known of a version but its history.

local function forget_version(keys, number)
  for _, name in ipairs({'versions', 'retired', 'reports', 'curves', 'periods', 'summaries'}) do
    redis.call('HDEL', keys[name], number)
  end
  redis.call('ZREM', keys.numbers, number)
  redis.call('HDEL', keys.model, 'identity' .. number)
end
