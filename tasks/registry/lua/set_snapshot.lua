#!lua flags=allow-oom
-- Sets a model's latest snapshot; the first one makes the model.
-- KEYS: group ('' for work without a record), model, models.
-- ARGV: fence, snapshot record, model name.
-- Returns 1; 0 and no change where the fence is old; -1 and no change if the work is cancelled.
-- include: tasks/registry/lua/include/held.lua

redis.call('HSET', KEYS[2], 'snapshot', ARGV[2])
redis.call('SADD', KEYS[3], ARGV[3])
return 1
