-- `forget_empty(keys, name)`: a model that has neither data nor a version is none any more.

local function forget_empty(keys, name)
  if redis.call('HEXISTS', keys.model, 'snapshot') == 0 and redis.call('EXISTS', keys.versions) == 0 then
    redis.call('SREM', keys.models, name)
    redis.call('ZREM', keys.names, name)
  end
end
