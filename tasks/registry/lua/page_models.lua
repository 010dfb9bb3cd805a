#!lua flags=allow-oom
-- Gives a page of the names of models, sorted. Those that an earlier release made are put in order first.
-- KEYS: models, names, index of the tags of models.
-- ARGV: after which name, or '' for the first page; how many; the name and the value of a tag that they have, with a 0
-- byte behind each, or '' for all; with what the names begin, or ''.
-- Returns the names.

local after, limit, tag, prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('ZCARD', KEYS[2]) ~= redis.call('SCARD', KEYS[1]) then
  redis.call('DEL', KEYS[2])
  for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('ZADD', KEYS[2], 0, name) end
end
local first = after < prefix and '[' .. tag .. prefix or '(' .. tag .. after
local last = '(' .. tag .. prefix .. '\255'
if tag == '' then return redis.call('ZRANGE', KEYS[2], first, last, 'BYLEX', 'LIMIT', 0, limit) end
local names = redis.call('ZRANGE', KEYS[3], first, last, 'BYLEX', 'LIMIT', 0, limit)
for place, member in ipairs(names) do names[place] = string.sub(member, #tag + 1) end
return names
