-- Removes a version that has not been current since a time.
-- KEYS: `model_keys`.
-- ARGV: version, before (seconds since the epoch), fact.
-- Returns 1, or 0 and no change.
-- include: tasks/registry/lua/include/model_keys.lua
-- include: tasks/registry/lua/include/forget_version.lua
-- include: tasks/registry/lua/include/note.lua

local keys = model_keys(1)
if redis.call('HGET', keys.model, 'current') == ARGV[1] then return 0 end
local retired = redis.call('HGET', keys.retired, ARGV[1])
if retired and tonumber(retired) >= tonumber(ARGV[2]) then return 0 end
local there = redis.call('HEXISTS', keys.versions, ARGV[1])
forget_version(keys, ARGV[1])
if there == 0 then return 0 end
note(keys, ARGV[3], ARGV[1])
return 1
