-- `forget_empty(keys, name)`: a model that has neither data nor a version is none any more.
-- include: tasks/registry/lua/include/forget_model.lua

local function forget_empty(keys, name)
  if redis.call('HEXISTS', keys.model, 'snapshot') == 0 and redis.call('EXISTS', keys.versions) == 0 then
    forget_model(keys, name)
  end
end
