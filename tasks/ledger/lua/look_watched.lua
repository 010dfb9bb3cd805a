-- Looks at the records of groups that are watched, and where those are that wait.
-- KEYS: leases.
-- ARGV: what the key of a group begins with, what those of pending groups begin with, the lanes (a blank behind each),
-- then the ids of the groups.
-- Returns for each group two texts: one that is another when what its watchers see of it is; and one that is another
-- when how much is before it may be ('' for what does not wait).

local leases, tides = redis.call('ZCARD', KEYS[1]), {}

-- How many groups of a kind are pending and how many are in work: where neither changes, nor the place of a group, what
-- is before it does not.
local function tide(kind)
  if not tides[kind] then
    local parts = { leases }
    for lane in string.gmatch(ARGV[3], '%S+') do
      parts[#parts + 1] = redis.call('ZCARD', ARGV[2] .. kind .. ':' .. lane)
    end
    tides[kind] = table.concat(parts, ':')
  end
  return tides[kind]
end

local found = {}
for at = 4, #ARGV do
  local record = redis.call('HMGET', ARGV[1] .. ARGV[at], 'started_at', 'finished_at', 'progress', 'retries', 'fence',
    'last_cancel', 'kind', 'lane')
  local kind, lane = record[7], record[8]
  local place = ''
  if kind and not (record[1] or record[2]) then
    local rank = redis.call('ZRANK', ARGV[2] .. kind .. ':' .. lane, ARGV[at])
    place = tostring(rank) .. ':' .. tide(kind)
  end
  for field = 1, 6 do record[field] = record[field] or '' end
  found[#found + 1] = table.concat(record, ' ', 1, 6)
  found[#found + 1] = place
end
return found
