-- Sets what is said of a model or a version, and by which tags it is found.
-- KEYS: `model_keys`.
-- ARGV: version, or `model`; what was said before, '' for nothing; what is said now, '' for nothing; fact; model name.
-- Returns 1; 0 and no change if there is no such thing; -1 and no change if something else was said before. Where the
-- same was said that is not noted.
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/tag_members.lua
-- include: tasks/registry/lua/include/tag_name.lua
-- include: tasks/registry/lua/include/note.lua

local keys, field, old, new = model_keys(1), ARGV[1], ARGV[2], ARGV[3]
local all = field == 'model'
if all and redis.call('SISMEMBER', keys.models, ARGV[5]) == 0 then return 0 end
if not all and redis.call('HEXISTS', keys.versions, field) == 0 then return 0 end
if (redis.call('HGET', keys.notes, field) or '') ~= old then return -1 end
if old == new then return 1 end
local index, what = all and keys.tagged or keys.tags, all and ARGV[5] or tag_name(field)
for _, member in ipairs(tag_members(old, what)) do redis.call('ZREM', index, member) end
for _, member in ipairs(tag_members(new, what)) do redis.call('ZADD', index, 0, member) end
if new == '' then redis.call('HDEL', keys.notes, field) else redis.call('HSET', keys.notes, field, new) end
note(keys, ARGV[4], not all and field or nil)
return 1
