-- Makes a version current.
-- KEYS: `model_keys`.
-- ARGV: version, fact.
-- Returns 1, or 0 and no change if there is no such version.
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/make_current.lua
-- include: tasks/registry/lua/include/note.lua

local keys = model_keys(1)
if redis.call('HEXISTS', keys.versions, ARGV[1]) == 0 then return 0 end
make_current(keys, ARGV[1])
note(keys, ARGV[2], ARGV[1])
return 1
