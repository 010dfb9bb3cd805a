"""Lua that Redis runs as one step. Each script says what its keys and arguments are."""

from typing import Final

#: KEYS: group, pending, queue. ARGV: group id, message, then field and value of the record, and so on. Returns 1.
ACCEPT: Final = """
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
redis.call('HSET', KEYS[1], 'submitted_at', now, unpack(ARGV, 3))
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('LPUSH', KEYS[3], ARGV[2])
return 1
"""

#: KEYS: group. ARGV: what the key of a model begins with. Returns {the whole record, flat, with the fence raised; name
#: and current version ('' for none) of each model in it, flat}; nothing if there is no work left to do.
CLAIM: Final = """
local over = redis.call('HMGET', KEYS[1], 'models', 'finished_at')
if not over[1] or over[2] then return false end
local time = redis.call('TIME')
redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HSETNX', KEYS[1], 'started_at', string.format('%d.%06d', time[1], time[2]))
local currents = {}
for model in string.gmatch(over[1], '%S+') do
  table.insert(currents, model)
  table.insert(currents, redis.call('HGET', ARGV[1] .. model, 'current') or '')
end
return {redis.call('HGETALL', KEYS[1]), currents}
"""

#: KEYS: group, pending, watchers. ARGV: fence, seconds to keep, reply, group id, channel prefix, then for each item
#: state, media type, field, value. Returns 1, or 0 and no change where the fence is old or the group is finished.
FINISH: Final = """
local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'reply')
if held[1] ~= ARGV[1] or held[2] then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'finished_at', string.format('%d.%06d', time[1], time[2]))
local index = 0
for at = 6, #ARGV, 4 do
  redis.call('HSET', KEYS[1], 's' .. index, ARGV[at], 'm' .. index, ARGV[at + 1], ARGV[at + 2] .. index, ARGV[at + 3])
  redis.call('HDEL', KEYS[1], 'b' .. index, 'B' .. index)
  index = index + 1
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[4])
if held[3] ~= '' then redis.call('PUBLISH', ARGV[5] .. held[3], ARGV[3]) end
for _, watcher in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  if watcher ~= held[3] then redis.call('PUBLISH', ARGV[5] .. watcher, ARGV[3]) end
end
redis.call('DEL', KEYS[3])
return 1
"""

#: KEYS: group. ARGV: fence, progress. Returns 1, or 0 and no change where the fence is old or the group is finished.
PROGRESS: Final = """
local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at')
if held[1] ~= ARGV[1] or held[2] then return 0 end
redis.call('HSET', KEYS[1], 'progress', ARGV[2])
return 1
"""

#: KEYS: group ('' for work without a record), model, versions. ARGV: fence, version record, promote (1 or 0).
#: Returns the new version's number, or 0 and no change where the fence is old. The group remembers the number, so
#: that a train whose worker died before it could finish the group is not run again.
ADD_VERSION: Final = """
if KEYS[1] ~= '' and redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
local number = redis.call('HINCRBY', KEYS[2], 'last_version', 1)
redis.call('HSET', KEYS[3], number, ARGV[2])
if KEYS[1] ~= '' then redis.call('HSET', KEYS[1], 'version', number) end
if ARGV[3] == '1' then redis.call('HSET', KEYS[2], 'current', number) end
return number
"""

#: KEYS: group ('' for work without a record), model, models. ARGV: fence, snapshot record, model name.
#: Returns 1, or 0 and no change where the fence is old.
SET_SNAPSHOT: Final = """
if KEYS[1] ~= '' and redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'snapshot', ARGV[2])
redis.call('SADD', KEYS[3], ARGV[3])
return 1
"""

#: KEYS: model, versions. ARGV: version. Returns 1, or 0 and no change if there is no such version.
PROMOTE: Final = """
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'current', ARGV[1])
return 1
"""
