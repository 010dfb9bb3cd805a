-- Frees the lock of its own holder only, after a while.
-- KEYS: lock.
-- ARGV: holder, milliseconds.
-- Returns 1, or 0 and no change.

if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
