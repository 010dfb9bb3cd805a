"""Lua of the dead letters, which Redis runs as one step. Each script says what its keys and arguments are."""

from __future__ import annotations

from typing import Final

from tasks.ledger.scripts import ACCEPT

#: The last two keys: the record of a dead letter, the dead letters. The last four arguments: group id and index of the
#: letter, how many letters its group had, seconds to keep the record when it has none left. Takes the letter out, for
#: one caller only; any other gets 'gone'.
_TAKE: Final = """
local life, total, index, group = table.remove(ARGV), table.remove(ARGV), table.remove(ARGV), table.remove(ARGV)
local dead, letter = table.remove(KEYS), table.remove(KEYS)
if redis.call('HEXISTS', letter, 'bodies') == 0 then return 'gone' end
if redis.call('HSETNX', letter, 'taken' .. index, 1) == 0 then return 'gone' end
if redis.call('HINCRBY', letter, 'taken', 1) >= tonumber(total) then
  redis.call('HDEL', letter, 'bodies')
  redis.call('ZREM', dead, group)
  redis.call('EXPIRE', letter, life, 'LT')
end
"""

#: KEYS and ARGV: those of _TAKE. Returns nothing, or 'gone'.
DROP_LETTER: Final = _TAKE + "return false"

#: KEYS and ARGV: those of ACCEPT, then those of _TAKE. Accepts the letter's work anew and takes the letter out, both or
#: neither: Redis refuses a script for want of memory at its first write or not at all. Returns nothing, or 'gone'.
REPLAY_LETTER: Final = _TAKE + ACCEPT
