#!lua flags=allow-oom
-- Gives a page of a model's versions, the newest first. Those that an earlier release stored are put in order first.
-- KEYS: `model_keys`.
-- ARGV: the number below which they begin, or +inf; how many; the name and the value of a tag that they have, with a 0
-- byte behind each, or '' for all.
-- Returns how many there are, then of each its number, what a list says of it, or its record, in which that is, and its
-- notes ('' for none).
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/tag_name.lua

local keys, below, limit, tag = model_keys(1), ARGV[1], ARGV[2], ARGV[3]
local count = redis.call('HLEN', keys.versions)
if redis.call('ZCARD', keys.numbers) ~= count then
  redis.call('DEL', keys.numbers)
  for _, number in ipairs(redis.call('HKEYS', keys.versions)) do redis.call('ZADD', keys.numbers, number, number) end
end
local page
if tag == '' then
  page = redis.call('ZRANGE', keys.numbers, '(' .. below, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit)
else
  local from = below == '+inf' and '[' .. tag .. ':' or '(' .. tag .. tag_name(below)
  page = redis.call('ZRANGE', keys.tags, from, '[' .. tag, 'BYLEX', 'REV', 'LIMIT', 0, limit)
end
local found = {count}
if #page == 0 then return found end
for place, member in ipairs(page) do page[place] = string.format('%d', string.sub(member, #tag + 1)) end
local summaries = redis.call('HMGET', keys.summaries, unpack(page))
local notes = redis.call('HMGET', keys.notes, unpack(page))
for place, number in ipairs(page) do
  found[#found + 1] = number
  found[#found + 1] = summaries[place] or redis.call('HGET', keys.versions, number)
  found[#found + 1] = notes[place] or ''
end
return found
