-- Takes a name away from a version.
-- KEYS: aliases, history.
-- ARGV: alias, fact.
-- Returns 1, or 0 and no change if there is no such alias.
-- include: tasks/registry/lua/include/note.lua

local version = redis.call('HGET', KEYS[1], ARGV[1])
if not version then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
note({ history = KEYS[2] }, ARGV[2], version)
return 1
