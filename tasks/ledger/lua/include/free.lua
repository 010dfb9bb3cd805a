-- `free(leases, id)`: whether nobody holds the group. Its lease is its score in the sorted set of leases, seconds
-- since the epoch; it is free when that has passed.
-- include: tasks/storage/lua/include/clock.lua

local function free(leases, id)
  local lease = redis.call('ZSCORE', leases, id)
  return not lease or tonumber(lease) <= tonumber(now)
end
