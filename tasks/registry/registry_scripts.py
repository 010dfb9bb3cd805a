"""Lua of the registry, which Redis runs as one step. Each script says what its keys and arguments are."""

from __future__ import annotations

from typing import Final

from tasks.ledger.scripts import ALWAYS, NOW

_HELD: Final = """
if KEYS[1] ~= '' then
  local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'cancel0')
  if held[1] ~= ARGV[1] or held[2] then return 0 end
  if held[3] then return -1 end
end
"""

_MAKE_CURRENT: Final = """
local function make_current(model, retired, number)
  local old = redis.call('HGET', model, 'current')
  if old then redis.call('HSET', retired, old, now) end
  redis.call('HDEL', retired, number)
  redis.call('HSET', model, 'current', number)
end
"""

#: KEYS: group ('' for work without a record), model, versions, retired, curves. ARGV: fence, version record, promote (1
#: or 0), its curve. Returns the new version's number; 0 and no change where the fence is old; -1 and no change if the
#: work is cancelled.
#: The model remembers a digest of the record, which tells the version from one with the same number in a Redis that
#: lost what it knew, and from one that was added a moment ago by the same call, whose answer was lost. The group
#: remembers the number, so that a train whose worker died before it could finish the group is not run again.
ADD_VERSION: Final = (
    ALWAYS
    + NOW
    + _MAKE_CURRENT
    + _HELD
    + """
local made = KEYS[1] ~= '' and redis.call('HGET', KEYS[1], 'version')
if made then return tonumber(made) end
local identity, last = redis.sha1hex(ARGV[2]), redis.call('HGET', KEYS[2], 'last_version')
if last and redis.call('HGET', KEYS[2], 'identity' .. last) == identity then return tonumber(last) end
local number = redis.call('HINCRBY', KEYS[2], 'last_version', 1)
redis.call('HSET', KEYS[3], number, ARGV[2])
redis.call('HSET', KEYS[5], number, ARGV[4])
redis.call('HSET', KEYS[2], 'identity' .. number, identity)
if KEYS[1] ~= '' then redis.call('HSET', KEYS[1], 'version', number) end
if ARGV[3] == '1' then make_current(KEYS[2], KEYS[4], number) end
return number
"""
)

#: KEYS: group ('' for work without a record), model, models. ARGV: fence, snapshot record, model name.
#: Returns 1; 0 and no change where the fence is old; -1 and no change if the work is cancelled.
SET_SNAPSHOT: Final = (
    ALWAYS
    + _HELD
    + """
redis.call('HSET', KEYS[2], 'snapshot', ARGV[2])
redis.call('SADD', KEYS[3], ARGV[3])
return 1
"""
)

#: KEYS: model, versions, retired. ARGV: version. Returns 1, or 0 and no change if there is no such version.
PROMOTE: Final = (
    NOW
    + _MAKE_CURRENT
    + """
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return 0 end
make_current(KEYS[1], KEYS[3], ARGV[1])
return 1
"""
)

#: KEYS: versions, reports. ARGV: version, report record. Returns 1, or 0 and no change if there is no such version.
SET_REPORT: Final = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
"""

#: KEYS: model, versions, retired, reports, curves. ARGV: version, before (seconds since the epoch). Removes a version
#: that has not been current since then. Returns 1, or 0 and no change.
REMOVE_VERSION: Final = """
if redis.call('HGET', KEYS[1], 'current') == ARGV[1] then return 0 end
local retired = redis.call('HGET', KEYS[3], ARGV[1])
if retired and tonumber(retired) >= tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[1], 'identity' .. ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])
"""
