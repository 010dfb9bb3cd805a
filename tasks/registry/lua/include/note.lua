-- `note(history, fact, number)`: appends a fact, the text of a JSON object with at least one key, with the time and the
-- version's number, where it is about one.
-- include: tasks/storage/lua/include/clock.lua

local function note(history, fact, number)
  local version = number and ('"version":' .. number .. ',') or ''
  redis.call('RPUSH', history, '{"at":' .. now .. ',' .. version .. string.sub(fact, 2))
end
