#!lua flags=allow-oom
-- Drops the records of the groups that have been finished for longest, with their results. Unfinished work stays.
-- KEYS: the list of finished groups, the oldest first.
-- ARGV: how many to look at, what the key of a group begins with, what the key of an owner's list begins with, what a
-- reference to bytes in Redis holds ('' if none is there).
-- Returns {how many were looked at, how many items were dropped, the outcomes of those that hold such a reference}.

local found = redis.call('LPOP', KEYS[1], ARGV[1])
if not found then return {0, 0, {}} end
local items, referring = 0, {}
for _, id in ipairs(found) do
  local group = string.gsub(id, '.', function(byte) return string.format('%02x', string.byte(byte)) end)
  local key = ARGV[2] .. group
  local record = redis.call('HMGET', key, 'finished_at', 'owners', 'states', 'outcomes')
  if record[1] then
    if ARGV[4] ~= '' and string.find(record[4], ARGV[4], 1, true) then referring[#referring + 1] = record[4] end
    local owners = cmsgpack.unpack(record[2])
    for at = 1, #owners, 2 do redis.call('ZREM', ARGV[3] .. owners[at], group) end
    redis.call('UNLINK', key)
    items = items + #record[3]
  end
end
return {#found, items, referring}
