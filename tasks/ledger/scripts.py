"""Lua that Redis runs as one step. Each script says what its keys and arguments are.

A group's lease is its score in the sorted set of leases, seconds since the epoch; it is free when that has passed.
"""

from typing import Final

from tasks.ledger.work_counts import COUNT_ACCEPTED, COUNT_ENDED, COUNT_REDELIVERED

#: Begins a script that needs `clock()`, seconds since the epoch as a text, or `now`, when it began.
NOW: Final = """
local function clock()
  local time = redis.call('TIME')
  return string.format('%d.%06d', time[1], time[2])
end
local now = clock()
"""
#: Begins a script that works on what is accepted already. At maxmemory Redis refuses scripts that may write, at their
#: first line; were these refused, a Redis that is full of work would never get any of it done.
ALWAYS: Final = "#!lua flags=allow-oom"
_FREE: Final = """
local function free(leases, group)
  local lease = redis.call('ZSCORE', leases, group)
  return not lease or tonumber(lease) <= tonumber(now)
end
"""

#: KEYS: group, pending, queue, depth, unfinished, deadlines, idempotency key ('' for none), counters of work. ARGV:
#: group id, message, "kind:lane", items, owners (msgpack: owner, items, owner, ...), what the key of an owner begins
#: with, deadline ('' for none), what is kept under the idempotency key, its life, owners who may have only so much
#: (msgpack: owner, items, most, owner, ...; '' for none), then field and value of the record, and so on. Returns
#: nothing; or, and no change, what is kept under the idempotency key, or a list of the owners who would have too much
#: and how many more items each may have.
ACCEPT: Final = (
    NOW
    + COUNT_ACCEPTED
    + """
if KEYS[7] ~= '' then
  local known = redis.call('GET', KEYS[7])
  if known then return known end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
if ARGV[10] ~= '' then
  local limits, full = cmsgpack.unpack(ARGV[10]), {}
  for at = 1, #limits, 3 do
    local left = limits[at + 2] - tonumber(redis.call('HGET', KEYS[5], limits[at]) or 0)
    if left < limits[at + 1] then
      full[#full + 1], full[#full + 2] = limits[at], math.max(left, 0)
    end
  end
  if #full > 0 then return full end
end
if KEYS[7] ~= '' then redis.call('SET', KEYS[7], ARGV[8], 'EX', ARGV[9]) end
redis.call('HSET', KEYS[1], 'submitted_at', now, 'items', ARGV[4], 'owners', ARGV[5], unpack(ARGV, 11))
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('HINCRBY', KEYS[4], ARGV[3], ARGV[4])
local owners = cmsgpack.unpack(ARGV[5])
for at = 1, #owners, 2 do
  redis.call('ZADD', ARGV[6] .. owners[at], now, ARGV[1])
  redis.call('HINCRBY', KEYS[5], owners[at], owners[at + 1])
end
if ARGV[7] ~= '' then redis.call('ZADD', KEYS[6], ARGV[7], ARGV[1]) end
redis.call('LPUSH', KEYS[3], ARGV[2])
count_accepted(KEYS[8], ARGV[3], ARGV[4])
return false
"""
)

#: KEYS: group, leases, counters of work. ARGV: group id, what the key of a model begins with, seconds of the lease,
#: holder. Returns {the whole record, flat, with the fence raised; of each model in it name, current version and its
#: identity ('' for none), flat}; nothing if there is no work left to do or the lease is held.
CLAIM: Final = (
    ALWAYS
    + NOW
    + _FREE
    + COUNT_REDELIVERED
    + """
local over = redis.call('HMGET', KEYS[1], 'models', 'finished_at')
if not over[1] or over[2] or not free(KEYS[2], ARGV[1]) then return false end
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
if redis.call('HINCRBY', KEYS[1], 'fence', 1) > 1 then
  local place = redis.call('HMGET', KEYS[1], 'kind', 'lane')
  count_redelivered(KEYS[3], place[1], place[2])
end
redis.call('HSET', KEYS[1], 'holder', ARGV[4])
redis.call('HSETNX', KEYS[1], 'started_at', now)
local currents = {}
for model in string.gmatch(over[1], '%S+') do
  local current = redis.call('HGET', ARGV[2] .. model, 'current') or ''
  table.insert(currents, model)
  table.insert(currents, current)
  table.insert(currents, current ~= '' and redis.call('HGET', ARGV[2] .. model, 'identity' .. current) or '')
end
return {redis.call('HGETALL', KEYS[1]), currents}
"""
)

#: KEYS: leases. ARGV: seconds, what the key of a group begins with, holder, group ids. Extends the leases that this
#: holder has. Returns nothing.
RENEW: Final = (
    ALWAYS
    + NOW
    + """
for at = 4, #ARGV do
  if redis.call('HGET', ARGV[2] .. ARGV[at], 'holder') == ARGV[3] then
    redis.call('ZADD', KEYS[1], 'XX', now + ARGV[1], ARGV[at])
  end
end
return false
"""
)

#: KEYS: leases. ARGV: seconds. Gives every lease at least so long from now. Returns nothing.
EXTEND: Final = (
    ALWAYS
    + NOW
    + """
for _, group in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now + ARGV[1])) do
  redis.call('ZADD', KEYS[1], now + ARGV[1], group)
end
return false
"""
)

#: KEYS: group, pending, watchers, leases, depth, unfinished, deadlines, dead, counters, those of work. ARGV: fence,
#: seconds to keep, group id, channel prefix, "kind:lane", states (a letter each), reply, 1 to keep the bodies among the
#: dead letters, what the key of a quota begins with, rows of the owners (msgpack: owner, rows, ...; '' for none), what
#: the key of an account begins with, rows in all, then field of the counters and what is added to it, and so on. Rows
#: are owed by who has a quota that is in use. Nothing is reckoned up with an account that is newer than the group: its
#: name was another's before. Returns 1, or 0 and no change where the fence is old or the group is finished.
FINISH: Final = (
    ALWAYS
    + NOW
    + COUNT_ENDED
    + """
local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'reply', 'owners', 'submitted_at', 'started_at')
if held[1] ~= ARGV[1] or held[2] then return 0 end
local function same(owner)
  return tonumber(redis.call('HGET', ARGV[11] .. owner, 'owns_since') or 0) <= tonumber(held[5])
end
redis.call('HSET', KEYS[1], 'finished_at', now, 'states', ARGV[6], 'outcomes', ARGV[7])
if ARGV[8] == '1' then redis.call('ZADD', KEYS[8], now, ARGV[3]) else redis.call('HDEL', KEYS[1], 'bodies') end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('ZREM', KEYS[4], ARGV[3])
redis.call('ZREM', KEYS[7], ARGV[3])
redis.call('HINCRBY', KEYS[5], ARGV[5], -#ARGV[6])
local owners = cmsgpack.unpack(held[4])
for at = 1, #owners, 2 do
  if same(owners[at]) and redis.call('HINCRBY', KEYS[6], owners[at], -owners[at + 1]) <= 0 then
    redis.call('HDEL', KEYS[6], owners[at])
  end
end
if held[3] ~= '' then redis.call('PUBLISH', ARGV[4] .. held[3], ARGV[7]) end
for _, watcher in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  if watcher ~= held[3] then redis.call('PUBLISH', ARGV[4] .. watcher, ARGV[7]) end
end
redis.call('DEL', KEYS[3])
if ARGV[10] ~= '' then
  local rows = cmsgpack.unpack(ARGV[10])
  for at = 1, #rows, 2 do
    local quota = ARGV[9] .. rows[at]
    if redis.call('EXISTS', quota) == 1 and same(rows[at]) then redis.call('HINCRBY', quota, 'owed', rows[at + 1]) end
  end
end
for at = 13, #ARGV, 2 do redis.call('HINCRBY', KEYS[9], ARGV[at], ARGV[at + 1]) end
count_ended(KEYS[10], ARGV[5], ARGV[6], ARGV[12], held[5], held[6], now)
return 1
"""
)

#: `excuse(group)`: the delivery, and what was begun last in it, do not count.
_EXCUSE: Final = """
local function excuse(group)
  redis.call('HINCRBY', group, 'excused', 1)
  local trying = redis.call('HGET', group, 'trying')
  if trying then
    redis.call('HINCRBY', group, 'strikes' .. string.match(trying, '%d+'), -1)
    redis.call('HDEL', group, 'trying')
  end
end
"""

#: KEYS: group, leases. ARGV: fence, group id, seconds to wait, error. Has the group tried again after that time.
#: Returns 1, or 0 and no change where the fence is old or the group is finished. Said twice it counts once.
RETRY: Final = (
    ALWAYS
    + NOW
    + _EXCUSE
    + """
local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'holder')
if held[1] ~= ARGV[1] or held[2] then return 0 end
if not held[3] then return 1 end
excuse(KEYS[1])
redis.call('HINCRBY', KEYS[1], 'retries', 1)
redis.call('HSET', KEYS[1], 'retry_error', ARGV[4])
redis.call('HDEL', KEYS[1], 'started_at', 'progress', 'holder')
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[2])
return 1
"""
)

#: KEYS: group, leases, queue. ARGV: group id, message, the holder that gives it back ('' for nobody), 1 if its delivery
#: shall not count, 1 if that ended at its hard time limit. Puts the group back into its queue, as the next to be taken.
#: Returns 1, or 0 if the group is finished, unknown or held by another.
PUT_BACK: Final = (
    ALWAYS
    + NOW
    + _FREE
    + _EXCUSE
    + """
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'finished_at') == 1 then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 0
end
local mine = ARGV[3] ~= '' and redis.call('HGET', KEYS[1], 'holder') == ARGV[3]
if not mine and not free(KEYS[2], ARGV[1]) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
if mine and ARGV[4] == '1' then excuse(KEYS[1]) end
if mine and ARGV[5] == '1' then redis.call('HSET', KEYS[1], 'timed_out', 1) end
redis.call('HDEL', KEYS[1], 'started_at', 'progress', 'holder')
redis.call('RPUSH', KEYS[3], ARGV[2])
return 1
"""
)

#: KEYS: group. ARGV: fence, index of the item that is done ('' for none), its outcome, index of the item that is tried
#: next ('' for none). Returns how often that one was begun, 1 for none; 0 and no change where the fence is old. Said
#: twice it counts once.
STEP: Final = (
    ALWAYS
    + """
local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'trying')
if held[1] ~= ARGV[1] or held[2] then return 0 end
local following = ARGV[4] .. ':' .. ARGV[1]
if held[3] == following then return tonumber(redis.call('HGET', KEYS[1], 'strikes' .. ARGV[4])) end
redis.call('HDEL', KEYS[1], 'trying', 'timed_out')
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'part' .. ARGV[2], ARGV[3]) end
if ARGV[4] == '' then return 1 end
redis.call('HSET', KEYS[1], 'trying', following)
return redis.call('HINCRBY', KEYS[1], 'strikes' .. ARGV[4], 1)
"""
)

#: KEYS: group, leases. ARGV: group id, index. Marks the item as cancelled. Returns {1 if a worker has the group; 1 if
#: every item of the group is cancelled}; nothing if there is no such item; 0 and no change if it has ended: the group
#: is finished, a train has stored its version, or the item was cancelled or past its deadline before it was started.
CANCEL: Final = (
    ALWAYS
    + NOW
    + _FREE
    + """
local held = redis.call('HMGET', KEYS[1], 'items', 'finished_at', 'started_at', 'version', 'heads', 'cancel' .. ARGV[2])
if not held[1] or tonumber(ARGV[2]) >= tonumber(held[1]) then return false end
local begun = tonumber(held[3] or now)
local deadline = cmsgpack.unpack(held[5])[ARGV[2] + 1]['deadline']
if held[2] or held[4] or deadline and deadline <= begun or held[6] and tonumber(held[6]) <= begun then return 0 end
redis.call('HSETNX', KEYS[1], 'cancel' .. ARGV[2], now)
local all = 1
for index = 0, held[1] - 1 do
  if redis.call('HEXISTS', KEYS[1], 'cancel' .. index) == 0 then all = 0 break end
end
local running = 0
if held[3] and not free(KEYS[2], ARGV[1]) then running = 1 end
return {running, all}
"""
)

#: KEYS: group. ARGV: fence, progress. Returns 1; 0 and no change where the fence is old or the group is finished; -1
#: and no change if it is cancelled.
PROGRESS: Final = """
local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'cancel0')
if held[1] ~= ARGV[1] or held[2] then return 0 end
if held[3] then return -1 end
redis.call('HSET', KEYS[1], 'progress', ARGV[2])
return 1
"""
