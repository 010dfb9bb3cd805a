-- `forget_empty(model, versions, models, name)`: a model that has neither data nor a version is none any more.

local function forget_empty(model, versions, models, name)
  if redis.call('HEXISTS', model, 'snapshot') == 0 and redis.call('EXISTS', versions) == 0 then
    redis.call('SREM', models, name)
  end
end
