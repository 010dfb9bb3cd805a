#!lua flags=allow-oom
-- Sets a model's latest snapshot; the first one makes the model. The group of an init remembers it, so that what is
-- done is not cancelled; that of a train, which reads its data first, has more to do.
-- KEYS: group ('' for work without a record), then `model_keys`.
-- ARGV: fence, snapshot record, model name, fact, SHA-1 of the snapshot that it is made of ('' if of none).
-- Returns 1; 0 and no change where the fence is old; -1 and no change if the work is cancelled; -2 and no change if
-- the model has another snapshot than the one that it is made of.
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/held.lua
-- include: tasks/registry/lua/include/note.lua

local keys = model_keys(2)
if ARGV[5] ~= '' then
  local known = redis.call('HGET', keys.model, 'snapshot')
  if not known or redis.sha1hex(known) ~= ARGV[5] then return -2 end
end
if KEYS[1] ~= '' and redis.call('HGET', KEYS[1], 'kind') == 'init' then redis.call('HSET', KEYS[1], 'stored', 1) end
redis.call('HSET', keys.model, 'snapshot', ARGV[2])
redis.call('SADD', keys.models, ARGV[3])
redis.call('ZADD', keys.names, 0, ARGV[3])
note(keys, ARGV[4])
return 1
