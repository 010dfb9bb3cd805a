-- Gives a version another name, which may have been that of another version.
-- KEYS: versions, aliases, history.
-- ARGV: alias, version, fact.
-- Returns 1, or 0 and no change if there is no such version.
-- include: tasks/registry/lua/include/note.lua

if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
note({ history = KEYS[3] }, ARGV[3], ARGV[2])
return 1
