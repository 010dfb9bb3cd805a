-- Makes a version current.
-- KEYS: model, versions, retired, history.
-- ARGV: version, fact.
-- Returns 1, or 0 and no change if there is no such version.
-- include: tasks/registry/lua/include/make_current.lua
-- include: tasks/registry/lua/include/note.lua

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return 0 end
make_current(KEYS[1], KEYS[3], ARGV[1])
note(KEYS[4], ARGV[2], ARGV[1])
return 1
