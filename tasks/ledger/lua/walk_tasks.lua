-- Goes through a list of tasks, the newest first, and picks out the groups that may hold what is asked for.
-- KEYS: list.
-- ARGV: from which time on it goes back and where it ends (scores, both included), how many groups are looked at at
-- most, how many are picked at most, what the key of a group begins with, a letter among the states of its items or '-'
-- for groups that are not finished ('' for any), an account that its heads name, or none ('' for any), a text that they
-- hold ('' for any), then the fields of a record that are told: heads, states and others.
-- Returns how many were looked at and when the last of them was accepted ('' for none); then of each that is picked its
-- id (bytes), when it was accepted, and its fields. Groups whose records have gone are not picked.
-- include: tasks/storage/lua/include/hex.lua

local most, prefix, letter, account, text = tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7], ARGV[8]

local function is_wanted(heads, states)
  if not heads then return false end
  if letter == '-' and states then return false end
  if letter ~= '' and letter ~= '-' and not (states and string.find(states, letter, 1, true)) then return false end
  if text ~= '' and not string.find(heads, text, 1, true) then return false end
  if account == '' or string.find(heads, account, 1, true) then return true end
  return not string.find(heads, 'account', 1, true)
end

local found = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[3], 'WITHSCORES')
local looked_at, last, picked = 0, '', {}
for at = 1, #found, 2 do
  looked_at, last = looked_at + 1, found[at + 1]
  local record = redis.call('HMGET', prefix .. hex(found[at]), unpack(ARGV, 9))
  if is_wanted(record[1], record[2]) then
    picked[#picked + 1] = { found[at], last, record }
    if #picked == most then break end
  end
end
return { looked_at, last, picked }
