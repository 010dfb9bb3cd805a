-- Has a message delivered at once: a new one, or one that is there.
-- KEYS: webhooks, what was told, then of the webhook: deliveries, those that are due, those that were made, those that
-- are over.
-- ARGV: webhook, message, record as it was ('' for a new one), as it shall be.
-- Returns 1; 0 and no change where it is another than it was; -1 and no change if the webhook is gone.
-- include: tasks/storage/lua/include/clock.lua

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return -1 end
if (redis.call('HGET', KEYS[3], ARGV[2]) or '') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[4])
redis.call('ZADD', KEYS[4], now, ARGV[2])
redis.call('ZADD', KEYS[5], 'NX', now, ARGV[2])
redis.call('ZREM', KEYS[6], ARGV[2])
redis.call('XADD', KEYS[2], '*', 'due', ARGV[1])
return 1
