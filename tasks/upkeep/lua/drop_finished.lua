#!lua flags=allow-oom
-- Drops the records of the groups that have been finished for longest, with their results and their places in lists.
-- Unfinished work stays.
-- KEYS: the list of finished groups, the oldest first; what says that lists name groups that are gone.
-- ARGV: how many to look at, what the key of a group begins with, what the keys of lists of tasks begin with, what a
-- reference to bytes in Redis holds ('' if none is there), the most milliseconds that a record has yet to live ('' for
-- any): the first one with more ends it.
-- Returns {how many were looked at, how many items were dropped, the outcomes of those that hold such a reference}.
-- include: tasks/storage/lua/include/hex.lua
-- include: tasks/ledger/lua/include/tasks_key.lua

local found = redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)
local looked_at, items, referring, gone = 0, 0, {}, false

-- Takes the group off the lists of each of its items' owner and model, those of states where there may be one.
local function unlist(id, kind, heads, is_ended_badly)
  local known = {}
  local states = is_ended_badly and { '', 'failed', 'cancelled', 'expired' } or { '' }
  for _, head in ipairs(cmsgpack.unpack(heads)) do
    for _, state in ipairs(states) do
      for _, model in ipairs({ '', head.model }) do
        local key = tasks_key(ARGV[3], kind, state, model, head.owner)
        if not known[key] then redis.call('ZREM', key, id) end
        known[key] = true
      end
    end
  end
end

for _, id in ipairs(found) do
  local key = ARGV[2] .. hex(id)
  local record = redis.call('HMGET', key, 'finished_at', 'heads', 'states', 'outcomes', 'kind', 'last_cancel')
  if record[1] then
    if ARGV[5] ~= '' and redis.call('PTTL', key) > tonumber(ARGV[5]) then break end
    if ARGV[4] ~= '' and string.find(record[4], ARGV[4], 1, true) then referring[#referring + 1] = record[4] end
    unlist(id, record[5], record[2], record[6] or string.find(record[3], '[^s]'))
    redis.call('UNLINK', key)
    items = items + #record[3]
  elseif redis.call('EXISTS', key) == 0 then
    gone = true
  end
  looked_at = looked_at + 1
end
redis.call('LTRIM', KEYS[1], looked_at, -1)
if gone then redis.call('SET', KEYS[2], 1) end
return {looked_at, items, referring}
