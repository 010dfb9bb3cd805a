-- `note(keys, fact, number)`: appends a fact, the text of a JSON object with at least one key, to the model's history,
-- with the time and the version's number, where it is about one; and tells it where somebody is to hear of models.
-- `keys` are those of `model_keys`, or its history alone for what nobody hears of.
-- include: tasks/storage/lua/include/clock.lua
-- include: tasks/ledger/lua/include/tell.lua

local function note(keys, fact, number)
  local version = number and ('"version":' .. number .. ',') or ''
  local noted = '{"at":' .. now .. ',' .. version .. string.sub(fact, 2)
  redis.call('RPUSH', keys.history, noted)
  if keys.heard and redis.call('EXISTS', keys.heard) == 1 then tell(keys.told, keys.counts, keys.history, noted) end
end
