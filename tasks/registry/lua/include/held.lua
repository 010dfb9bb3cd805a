-- Ends the script where work that has a record is no longer held: it returns 0 where the fence is old or the group is
-- finished, -1 if the work is cancelled.
-- The first of KEYS: group ('' for work without a record). The first of ARGV: fence.

if KEYS[1] ~= '' then
  local held = redis.call('HMGET', KEYS[1], 'fence', 'finished_at', 'cancel0')
  if held[1] ~= ARGV[1] or held[2] then return 0 end
  if held[3] then return -1 end
end
