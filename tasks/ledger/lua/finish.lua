#!lua flags=allow-oom
-- Ends a group: writes the outcomes, reckons up with the owners, wakes who waits. Rows are owed by who has a quota that
-- is in use. Nothing is reckoned up with another account than that which asked for the work: its name was another's
-- before. Where the group does not say which account it was, that is one that is newer than the group.
-- KEYS: group, pending, watchers, leases, depth, unfinished, deadlines ('' if it has none), dead, counters, those of
-- work, the list of finished groups, one that is there while somebody is to hear of such an end (the group itself, if
-- that was asked for with it), the same of dead letters, what was told.
-- ARGV: fence, seconds to keep, group id, channel prefix, "kind:lane", states (a letter each), reply, 1 to keep the
-- bodies among the dead letters, what the key of a quota begins with, rows of the owners (msgpack: owner, rows, ...; ''
-- for none), what the key of an account begins with, rows in all, the group's id as bytes, then field of the counters
-- and what is added to it, and so on.
-- Returns 1, or 0 and no change where the fence is old or the group is finished.
-- include: tasks/storage/lua/include/clock.lua
-- include: tasks/ledger/lua/include/tell.lua

local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'reply', 'owners', 'submitted_at', 'started_at',
  'accounts', 'kind', 'holder')
if held[1] ~= ARGV[1] or held[2] then return 0 end
local owners, accounts = cmsgpack.unpack(held[4]), {}
for at, account in ipairs(held[7] and cmsgpack.unpack(held[7]) or {}) do accounts[owners[2 * at - 1]] = account end
local function same(owner)
  local id, since = unpack(redis.call('HMGET', ARGV[11] .. owner, 'id', 'owns_since'))
  if not (id or since) then return true end
  local account = accounts[owner]
  if account and account ~= '' then return account == (id or since) end
  return tonumber(since or 0) <= tonumber(held[5])
end
redis.call('HSET', KEYS[1], 'finished_at', now, 'states', ARGV[6], 'outcomes', ARGV[7])
-- Of the many small ones nobody asks who did it.
if held[8] ~= 'estimate' and held[9] then redis.call('HSET', KEYS[1], 'worker', held[9]) end
if ARGV[8] == '1' then
  redis.call('ZADD', KEYS[8], now, ARGV[3])
else
  -- Nobody asks for these any more.
  redis.call('HDEL', KEYS[1], 'bodies', 'reply', 'holder', 'accounts', 'models')
  redis.call('RPUSH', KEYS[11], ARGV[13])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('ZREM', KEYS[4], ARGV[3])
if KEYS[7] ~= '' then redis.call('ZREM', KEYS[7], ARGV[3]) end
redis.call('HINCRBY', KEYS[5], ARGV[5], -#ARGV[6])
for at = 1, #owners, 2 do
  -- Who has nothing left stays in it: so it is known whose work there is.
  if same(owners[at]) and redis.call('HINCRBY', KEYS[6], owners[at], -owners[at + 1]) < 0 then
    redis.call('HSET', KEYS[6], owners[at], 0)
  end
end
if held[3] ~= '' then redis.call('PUBLISH', ARGV[4] .. held[3], ARGV[7]) end
-- Mostly there is none of these: one question for all.
local rows, of_all = ARGV[10] ~= '' and cmsgpack.unpack(ARGV[10]) or {}, { KEYS[3], KEYS[12] }
for at = 1, #rows, 2 do of_all[#of_all + 1] = ARGV[9] .. rows[at] end
if ARGV[8] == '1' or redis.call('EXISTS', unpack(of_all)) > 0 then
  local watchers = redis.call('SMEMBERS', KEYS[3])
  for at = 1, #watchers do
    if watchers[at] ~= held[3] then redis.call('PUBLISH', ARGV[4] .. watchers[at], ARGV[7]) end
  end
  if #watchers > 0 then redis.call('DEL', KEYS[3]) end
  for at = 1, #rows, 2 do
    local quota = ARGV[9] .. rows[at]
    if redis.call('EXISTS', quota) == 1 and same(rows[at]) then redis.call('HINCRBY', quota, 'owed', rows[at + 1]) end
  end
  if redis.call('EXISTS', KEYS[12]) == 1 or ARGV[8] == '1' and redis.call('EXISTS', KEYS[13]) == 1 then
    tell(KEYS[14], KEYS[9], 'ended', ARGV[3])
  end
end
for at = 14, #ARGV, 2 do redis.call('HINCRBY', KEYS[9], ARGV[at], ARGV[at + 1]) end
-- include: tasks/ledger/lua/include/count_ended.lua
return 1
