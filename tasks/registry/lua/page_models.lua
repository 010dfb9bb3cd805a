#!lua flags=allow-oom
-- Gives a page of the names of models, sorted. Those that an earlier release made are put in order first.
-- KEYS: models, names.
-- ARGV: after which name, or '' for the first page; how many.
-- Returns the names.

if redis.call('ZCARD', KEYS[2]) ~= redis.call('SCARD', KEYS[1]) then
  redis.call('DEL', KEYS[2])
  for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('ZADD', KEYS[2], 0, name) end
end
local from = ARGV[1] == '' and '-' or '(' .. ARGV[1]
return redis.call('ZRANGE', KEYS[2], from, '+', 'BYLEX', 'LIMIT', 0, ARGV[2])
