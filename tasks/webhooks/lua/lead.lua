-- Takes on that messages are delivered, or goes on with it.
-- KEYS: who delivers, the fence.
-- ARGV: holder, milliseconds.
-- Returns the fence; 0 and no change if another delivers.

local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if held then return tonumber(redis.call('GET', KEYS[2])) end
return redis.call('INCR', KEYS[2])
