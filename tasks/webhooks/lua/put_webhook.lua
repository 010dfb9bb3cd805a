-- Adds, changes or removes a webhook, unless somebody else has changed it meanwhile, and tells who delivers.
-- KEYS: webhooks, those of the account, what was told, then the keys that the webhook has of its own.
-- ARGV: id, its record as it was ('' for a new one), as it shall be ('' to remove it), most of an account, most in all,
-- where it is kept who hears of what (msgpack), and where of these it stands (msgpack).
-- Returns 1; 0 and no change where it is another than it was; -1 and no change if the account, and -2 if the service,
-- has as many as it may.

local held = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if held ~= ARGV[2] then return 0 end
if held == '' and redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[4]) then return -1 end
if held == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return -2 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('SREM', KEYS[2], ARGV[1])
  redis.call('DEL', unpack(KEYS, 4))
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('SADD', KEYS[2], ARGV[1])
end
for _, key in ipairs(cmsgpack.unpack(ARGV[6])) do redis.call('SREM', key, ARGV[1]) end
for _, key in ipairs(cmsgpack.unpack(ARGV[7])) do redis.call('SADD', key, ARGV[1]) end
redis.call('XADD', KEYS[3], '*', 'changed', ARGV[1])
return 1
