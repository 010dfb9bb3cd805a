#!lua flags=allow-oom
-- Puts a group back into its queue, as the next to be taken.
-- KEYS: group, leases, queue, turns of its kind ('' for a kind that takes none).
-- ARGV: group id, message, the holder that gives it back ('' for nobody), 1 if its delivery shall not count, 1 if that
-- ended at its hard time limit, 1 if for its memory.
-- Returns 1, or 0 if the group is finished, unknown or held by another.
-- include: tasks/ledger/lua/include/free.lua
-- include: tasks/ledger/lua/include/excuse.lua
-- include: tasks/ledger/lua/include/turns.lua

if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'finished_at') == 1 then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 0
end
local mine = ARGV[3] ~= '' and redis.call('HGET', KEYS[1], 'holder') == ARGV[3]
if not mine and not free(KEYS[2], ARGV[1]) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
if mine and ARGV[4] == '1' then excuse(KEYS[1]) end
if mine and ARGV[5] == '1' then redis.call('HSET', KEYS[1], 'timed_out', 1) end
if mine and ARGV[6] == '1' then redis.call('HSET', KEYS[1], 'over_memory', 1) end
redis.call('HDEL', KEYS[1], 'started_at', 'progress', 'holder')
if KEYS[4] ~= '' then wait_for_turn(KEYS[4], KEYS[1], ARGV[1]) end
redis.call('RPUSH', KEYS[3], ARGV[2])
return 1
