-- `forget_version(keys, number)`: takes away all that is known of a version but its history.
-- include: tasks/registry/lua/include/tag_members.lua
-- include: tasks/registry/lua/include/tag_name.lua

local function forget_version(keys, number)
  for _, member in ipairs(tag_members(redis.call('HGET', keys.notes, number), tag_name(number))) do
    redis.call('ZREM', keys.tags, member)
  end
  for _, name in ipairs({'versions', 'retired', 'reports', 'curves', 'periods', 'summaries', 'notes'}) do
    redis.call('HDEL', keys[name], number)
  end
  redis.call('ZREM', keys.numbers, number)
  redis.call('HDEL', keys.model, 'identity' .. number)
end
