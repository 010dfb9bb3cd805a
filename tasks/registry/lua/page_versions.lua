#!lua flags=allow-oom
-- Gives a page of a model's versions, the newest first. Those that an earlier release stored are put in order first.
-- KEYS: `model_keys`.
-- ARGV: the number below which they begin, or +inf; how many.
-- Returns how many there are, then of each its number and what a list says of it, or its record, in which that is.
-- include: tasks/registry/lua/include/model_keys.lua

local keys = model_keys(1)
local count = redis.call('HLEN', keys.versions)
if redis.call('ZCARD', keys.numbers) ~= count then
  redis.call('DEL', keys.numbers)
  for _, number in ipairs(redis.call('HKEYS', keys.versions)) do redis.call('ZADD', keys.numbers, number, number) end
end
local found = {count}
local page = redis.call('ZRANGE', keys.numbers, '(' .. ARGV[1], '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2])
for _, number in ipairs(page) do
  found[#found + 1] = number
  found[#found + 1] = redis.call('HGET', keys.summaries, number) or redis.call('HGET', keys.versions, number)
end
return found
