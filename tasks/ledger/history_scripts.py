"""Lua of those who follow accepted work, which Redis runs as one step. Each script says what its keys and arguments
are."""

from __future__ import annotations

from typing import Final

from tasks.ledger.scripts import NOW

#: KEYS: group, watchers. ARGV: process, seconds. Has one more process told of the group's outcome, but not if there is
#: no such group or it is finished: nobody would clear the watchers away. Returns nothing.
WATCH: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'finished_at') == 1 then return false end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return false
"""

#: KEYS: leases, pending of the group's lane, pending of each lane that is taken before it. ARGV: group id, most leases.
#: Returns how many groups wait that were accepted earlier in the same lane, or are in another. What has a lease runs or
#: waits for being tried again: that is sought among the newest leases, at most so many.
AHEAD: Final = (
    NOW
    + """
local place = redis.call('ZRANK', KEYS[2], ARGV[1])
if not place then return 0 end
local ahead = place
for at = 3, #KEYS do ahead = ahead + redis.call('ZCARD', KEYS[at]) end
for _, group in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. now, 'LIMIT', 0, ARGV[2])) do
  local rank = redis.call('ZRANK', KEYS[2], group)
  if rank and rank < place then ahead = ahead - 1 end
  for at = 3, #KEYS do
    if redis.call('ZSCORE', KEYS[at], group) then ahead = ahead - 1 end
  end
end
return ahead
"""
)
