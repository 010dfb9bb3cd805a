#!lua flags=allow-oom
-- Adds a version to a model.
-- KEYS: group ('' for work without a record), then `model_keys`.
-- ARGV: fence, version record, promote (1 or 0), its curve, fact, model name, what a list says of it, whether it makes
-- the model (1 or 0).
-- Returns the new version's number; 0 and no change where the fence is old; -1 and no change if the work is cancelled;
-- -2 and no change if there is no such model, as it was deleted meanwhile.
--
-- The model remembers a digest of the record, which tells the version from one with the same number in a Redis that
-- lost what it knew, and from one that was added a moment ago by the same call, whose answer was lost. The group
-- remembers the number, so that a train whose worker died before it could finish the group is not run again.
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/make_current.lua
-- include: tasks/registry/lua/include/held.lua
-- include: tasks/registry/lua/include/note.lua

local keys = model_keys(2)
local made = KEYS[1] ~= '' and redis.call('HGET', KEYS[1], 'version')
if made then return tonumber(made) end
local identity, last = redis.sha1hex(ARGV[2]), redis.call('HGET', keys.model, 'last_version')
if last and redis.call('HGET', keys.model, 'identity' .. last) == identity then return tonumber(last) end
if ARGV[8] == '1' then
  redis.call('SADD', keys.models, ARGV[6])
  redis.call('ZADD', keys.names, 0, ARGV[6])
end
if redis.call('SISMEMBER', keys.models, ARGV[6]) == 0 then return -2 end
local number = redis.call('HINCRBY', keys.model, 'last_version', 1)
redis.call('HSET', keys.versions, number, ARGV[2])
redis.call('HSET', keys.curves, number, ARGV[4])
redis.call('HSET', keys.summaries, number, ARGV[7])
redis.call('ZADD', keys.numbers, number, number)
redis.call('HSET', keys.model, 'identity' .. number, identity)
if KEYS[1] ~= '' then redis.call('HSET', KEYS[1], 'version', number) end
if ARGV[3] == '1' then make_current(keys, number) end
note(keys, ARGV[5], number)
return number
