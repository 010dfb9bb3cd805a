-- Says where the report of a version is.
-- KEYS: versions, reports.
-- ARGV: version, report record.
-- Returns 1, or 0 and no change if there is no such version.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
