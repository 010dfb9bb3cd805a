-- `currents(prefix, models)`: of each model whose name is in this text its name, its current version and the identity
-- of that ('' for none), flat; the key of a model is its name behind the prefix.

local function currents(prefix, models)
  local found, count = {}, 0
  for model in string.gmatch(models, '%S+') do
    local current = redis.call('HGET', prefix .. model, 'current') or ''
    found[count + 1], found[count + 2] = model, current
    found[count + 3] = current ~= '' and redis.call('HGET', prefix .. model, 'identity' .. current) or ''
    count = count + 3
  end
  return found
end
