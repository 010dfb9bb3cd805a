#!lua flags=allow-oom
-- Marks an item as cancelled.
-- KEYS: group, leases.
-- ARGV: group id, index, what the keys of lists of tasks begin with, the group's id as bytes.
-- Returns {1 if a worker has the group; 1 if every item of the group is cancelled}; nothing if there is no such item; 0
-- and no change if it has ended: the group is finished, a train has stored its version or an init its data, or the
-- item was cancelled or past its deadline before it was started.
-- include: tasks/storage/lua/include/clock.lua
-- include: tasks/ledger/lua/include/free.lua
-- include: tasks/ledger/lua/include/tasks_key.lua

local own = 'cancel' .. ARGV[2]
local held = redis.call('HMGET', KEYS[1], 'items', 'finished_at', 'started_at', 'version', 'heads', own, 'stored',
  'kind', 'submitted_at')
if not held[1] or tonumber(ARGV[2]) >= tonumber(held[1]) then return false end
local begun = tonumber(held[3] or now)
local head = cmsgpack.unpack(held[5])[ARGV[2] + 1]
local deadline = head['deadline']
local over = held[2] or held[4] or held[7]
if over or deadline and deadline <= begun or held[6] and tonumber(held[6]) <= begun then return 0 end
-- After what has begun, and before what will, whichever way the clock of Redis is set meanwhile.
local at = held[3] and string.format('%.6f', math.max(now, held[3] + 0.000001)) or now
redis.call('HSETNX', KEYS[1], own, at)
redis.call('HSET', KEYS[1], 'last_cancel', at)
for _, model in ipairs({ '', head['model'] }) do
  redis.call('ZADD', tasks_key(ARGV[3], held[8], 'cancelled', model, head['owner']), held[9], ARGV[4])
end
local all = 1
for index = 0, held[1] - 1 do
  if redis.call('HEXISTS', KEYS[1], 'cancel' .. index) == 0 then all = 0 break end
end
local running = 0
if held[3] and not free(KEYS[2], ARGV[1]) then running = 1 end
return {running, all}
