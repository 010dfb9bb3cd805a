-- Takes the lock for a while, if nobody has it; one that has it keeps it for so much longer.
-- The clock of Redis may go back while somebody has it, who would then keep it for so much longer: no lock is kept
-- longer than for that while from now.
-- KEYS: lock.
-- ARGV: holder, seconds.
-- Returns 1, or 0 where somebody else has it.

if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('EXPIRE', KEYS[1], ARGV[2]) end
local most = ARGV[2] * 1000
if redis.call('PTTL', KEYS[1]) > most then redis.call('PEXPIRE', KEYS[1], most) end
return 0
