-- Reads all keys whose names begin in some ways, or are some names, as they are at one moment.
-- KEYS: none.
-- ARGV: how many ways to begin are wanted, and how many names; those ways; those names; the ways to begin that are left
-- out all the same.
-- Returns {name, type, when it expires (milliseconds since the epoch; -1 for never), {its parts}} for each key. An
-- entry of a stream is its id, how many fields and values it has, and these.

local READ = {
  string = {'GET'},
  hash = {'HGETALL'},
  list = {'LRANGE', 0, -1},
  set = {'SMEMBERS'},
  zset = {'ZRANGE', 0, -1, 'WITHSCORES'},
  stream = {'XRANGE', '-', '+'},
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
  if kind ~= 'stream' then return found end
  local flat = {}
  for _, entry in ipairs(found) do
    flat[#flat + 1] = entry[1]
    flat[#flat + 1] = tostring(#entry[2])
    for _, part in ipairs(entry[2]) do flat[#flat + 1] = part end
  end
  return flat
end

local ways, names = 2 + tonumber(ARGV[1]), {}
local whole = ways + tonumber(ARGV[2])
for index = ways + 1, whole do names[ARGV[index]] = true end

-- Only of our own: others may not be read.
local function is_wanted(name)
  return names[name] or (begins(name, 3, ways) and not begins(name, whole + 1, #ARGV))
end

local found, seen, cursor = {}, {}, '0'
repeat
  local step = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = step[1]
  for _, name in ipairs(step[2]) do
    if not seen[name] and is_wanted(name) then
      seen[name] = true
      local kind = redis.call('TYPE', name)['ok']
      if kind ~= 'none' then found[#found + 1] = {name, kind, redis.call('PEXPIRETIME', name), parts(name, kind)} end
    end
  end
until cursor == '0'
return found
