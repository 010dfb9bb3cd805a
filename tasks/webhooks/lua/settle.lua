#!lua flags=allow-oom
-- Notes what came of an attempt to deliver a message.
-- KEYS: the fence, webhooks, counters, then of the webhook: deliveries, those that are due, those that were made, those
-- that are over.
-- ARGV: fence, webhook, message, record, seconds until it is tried again ('' if it is over), field of a counter, how
-- many that are over are kept, and for how long (seconds).
-- Returns 1; 0 and no change where the fence is old, or the webhook or the message is gone.
-- include: tasks/storage/lua/include/clock.lua

if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then return 0 end
if redis.call('HEXISTS', KEYS[4], ARGV[3]) == 0 then return 0 end
redis.call('HSET', KEYS[4], ARGV[3], ARGV[4])
redis.call('HINCRBY', KEYS[3], ARGV[6], 1)
if ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[5], now + ARGV[5], ARGV[3])
  return 1
end
redis.call('ZREM', KEYS[5], ARGV[3])
redis.call('ZADD', KEYS[7], now, ARGV[3])
local old = redis.call('ZRANGEBYSCORE', KEYS[7], '-inf', now - ARGV[8])
local many = redis.call('ZRANGE', KEYS[7], 0, -ARGV[7] - 1)
for _, messages in ipairs({ old, many }) do
  for _, message in ipairs(messages) do
    redis.call('HDEL', KEYS[4], message)
    redis.call('ZREM', KEYS[6], message)
    redis.call('ZREM', KEYS[7], message)
  end
end
return 1
