-- `tell(told, counts, what, value)`: notes what webhooks may be to hear of; while too much waits to be told, that it is
-- not told.

local MOST_TOLD = 100000

local function tell(told, counts, what, value)
  if redis.call('XLEN', told) >= MOST_TOLD then
    redis.call('HINCRBY', counts, 'webhooks:untold', 1)
  else
    redis.call('XADD', told, '*', what, value)
  end
end
