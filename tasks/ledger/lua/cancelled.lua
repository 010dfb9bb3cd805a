-- Looks which items of groups were cancelled.
-- KEYS: groups.
-- ARGV: none.
-- Returns for each group how many items it has, 0 for a group that is finished or unknown, and then their indexes.

local found = {}
for at, group in ipairs(KEYS) do
  local known = redis.call('HMGET', group, 'items', 'finished_at')
  local items = known[1] and not known[2] and tonumber(known[1]) or 0
  found[at] = { items }
  for index = 0, items - 1 do
    if redis.call('HEXISTS', group, 'cancel' .. index) == 1 then table.insert(found[at], index) end
  end
end
return found
