-- `model_keys(from)`: the keys of a model and of all models, by name, where those begin with KEYS[from]: in the order
-- of `tasks.registry.names.keys_of`.

local function model_keys(from)
  local names = {
    'model', 'history', 'aliases', 'numbers', 'versions', 'retired', 'reports', 'curves', 'periods', 'summaries',
    'notes', 'tags', 'models', 'names', 'tagged', 'heard', 'told', 'counts',
  }
  local found = {}
  for place, name in ipairs(names) do found[name] = KEYS[from + place - 1] end
  return found
end
