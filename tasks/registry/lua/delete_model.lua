-- Deletes a model with all its versions. Its history stays, and the number of its last version: no version of a model
-- that has the name later gets a number that was told before.
-- KEYS: model, versions, retired, reports, curves, history, aliases, models.
-- ARGV: model name, force (1 or 0), fact.
-- Returns 1; 0 and no change if there is no such model; -1 and no change if it has a current version and force is 0.
-- include: tasks/registry/lua/include/note.lua

if redis.call('SISMEMBER', KEYS[8], ARGV[1]) == 0 then return 0 end
if redis.call('HEXISTS', KEYS[1], 'current') == 1 and ARGV[2] ~= '1' then return -1 end
local last = redis.call('HGET', KEYS[1], 'last_version')
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[7])
if last then redis.call('HSET', KEYS[1], 'last_version', last) end
redis.call('SREM', KEYS[8], ARGV[1])
note(KEYS[6], ARGV[3])
return 1
