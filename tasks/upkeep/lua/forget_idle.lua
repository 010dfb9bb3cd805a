-- Forgets owners who have nothing unfinished.
-- KEYS: unfinished.
-- ARGV: owners.
-- Returns how many were forgotten.

local forgotten = 0
for at = 1, #ARGV do
  if redis.call('HGET', KEYS[1], ARGV[at]) == '0' then forgotten = forgotten + redis.call('HDEL', KEYS[1], ARGV[at]) end
end
return forgotten
