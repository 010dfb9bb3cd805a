-- `now`: when the script began, seconds since the epoch as a text.

local now
do
  local time = redis.call('TIME')
  now = string.format('%d.%06d', time[1], time[2])
end
