-- `call_resting(list)`: one of the processes that rest shall ask for work. No more are called than may be of use where
-- none of them rests, and a call that nobody hears is soon forgotten.

local function call_resting(list)
  if redis.call('LLEN', list) < 4 then
    redis.call('LPUSH', list, '{}')
    redis.call('EXPIRE', list, 10)
  end
end
