-- `forget_model(keys, name)`: there is no model of that name any more, in no list.
-- include: tasks/registry/lua/include/tag_members.lua

local function forget_model(keys, name)
  for _, member in ipairs(tag_members(redis.call('HGET', keys.notes, 'model'), name)) do
    redis.call('ZREM', keys.tagged, member)
  end
  redis.call('DEL', keys.notes)
  redis.call('SREM', keys.models, name)
  redis.call('ZREM', keys.names, name)
end
