-- Reads all keys whose names begin in some ways, as they are at one moment.
-- KEYS: none.
-- ARGV: how many ways to begin are wanted; those; the ways to begin that are left out all the same.
-- Returns {name, type, when it expires (milliseconds since the epoch; -1 for never), {its parts}} for each key.

local READ = {
  string = {'GET'},
  hash = {'HGETALL'},
  list = {'LRANGE', 0, -1},
  set = {'SMEMBERS'},
  zset = {'ZRANGE', 0, -1, 'WITHSCORES'},
}

local function begins(name, from, to)
  for index = from, to do
    if string.sub(name, 1, #ARGV[index]) == ARGV[index] then return true end
  end
  return false
end

local function parts(name, kind)
  local read = READ[kind]
  if not read then return {} end
  local found = redis.call(read[1], name, unpack(read, 2))
  if kind == 'string' then return {found} end
  return found
end

local wanted, found, seen, cursor = tonumber(ARGV[1]), {}, {}, '0'
repeat
  local step = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = step[1]
  for _, name in ipairs(step[2]) do
    if not seen[name] and begins(name, 2, wanted + 1) and not begins(name, wanted + 2, #ARGV) then
      seen[name] = true
      local kind = redis.call('TYPE', name)['ok']
      if kind ~= 'none' then found[#found + 1] = {name, kind, redis.call('PEXPIRETIME', name), parts(name, kind)} end
    end
  end
until cursor == '0'
return found
