-- Removes a blob, unless it was put again since a time.
-- KEYS: blob, blobs.
-- ARGV: its name, before (seconds since the epoch).
-- Returns 1, or 0 and no change.

local put = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not put or tonumber(put) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
