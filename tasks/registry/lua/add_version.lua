#!lua flags=allow-oom
-- Adds a version to a model.
-- KEYS: group ('' for work without a record), model, versions, retired, curves, history, models.
-- ARGV: fence, version record, promote (1 or 0), its curve, fact, model name.
-- Returns the new version's number; 0 and no change where the fence is old; -1 and no change if the work is cancelled;
-- -2 and no change if there is no such model, as it was deleted meanwhile.
--
-- The model remembers a digest of the record, which tells the version from one with the same number in a Redis that
-- lost what it knew, and from one that was added a moment ago by the same call, whose answer was lost. The group
-- remembers the number, so that a train whose worker died before it could finish the group is not run again.
-- include: tasks/registry/lua/include/make_current.lua
-- include: tasks/registry/lua/include/held.lua
-- include: tasks/registry/lua/include/note.lua

local made = KEYS[1] ~= '' and redis.call('HGET', KEYS[1], 'version')
if made then return tonumber(made) end
local identity, last = redis.sha1hex(ARGV[2]), redis.call('HGET', KEYS[2], 'last_version')
if last and redis.call('HGET', KEYS[2], 'identity' .. last) == identity then return tonumber(last) end
if redis.call('SISMEMBER', KEYS[7], ARGV[6]) == 0 then return -2 end
local number = redis.call('HINCRBY', KEYS[2], 'last_version', 1)
redis.call('HSET', KEYS[3], number, ARGV[2])
redis.call('HSET', KEYS[5], number, ARGV[4])
redis.call('HSET', KEYS[2], 'identity' .. number, identity)
if KEYS[1] ~= '' then redis.call('HSET', KEYS[1], 'version', number) end
if ARGV[3] == '1' then make_current(KEYS[2], KEYS[4], number) end
note(KEYS[6], ARGV[5], number)
return number
