-- Takes a dead letter out, for one caller only; for any other the script ends here and returns 'gone'.
-- The last two KEYS: the record of the dead letter, the dead letters.
-- The last four ARGV: group id and index of the letter, how many letters its group had, seconds to keep the record when
-- it has none left.

local life, total, index, group = table.remove(ARGV), table.remove(ARGV), table.remove(ARGV), table.remove(ARGV)
local dead, letter = table.remove(KEYS), table.remove(KEYS)
if redis.call('HEXISTS', letter, 'bodies') == 0 then return 'gone' end
if redis.call('HSETNX', letter, 'taken' .. index, 1) == 0 then return 'gone' end
if redis.call('HINCRBY', letter, 'taken', 1) >= tonumber(total) then
  redis.call('HDEL', letter, 'bodies')
  redis.call('ZREM', dead, group)
  redis.call('EXPIRE', letter, life, 'LT')
end
