-- Whose turn it is, among the owners whose work of a kind waits. `turns` is the sorted set of these owners; with
-- `:OWNER` behind it, that of the groups of one of them. Both are in the order in which work would be taken: by lane,
-- then by acceptance. They are a help, and put right where they are read: what does not wait any more is left out.
-- luacheck: push ignore 211 431 (nobody uses all of it, and it may stand in the midst of a script)
-- include: tasks/ledger/lua/include/free.lua

-- What the score of a lane begins at: more than seconds since the epoch will be for long.
local LANE = { high = 0, normal = 1e11, low = 2e11 }

-- The owner stands where his first group does.
local function place(turns, owner)
  local first = redis.call('ZRANGE', turns .. ':' .. owner, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', turns, first[2], owner) else redis.call('ZREM', turns, owner) end
end

-- `owner_of(record)`: who owns the first item of a group, by its key.
local function owner_of(record)
  return cmsgpack.unpack(redis.call('HGET', record, 'owners'))[1]
end

-- `wait_for_turn(turns, record, id)`: the group waits, under its key `record`.
local function wait_for_turn(turns, record, id)
  local known = redis.call('HMGET', record, 'lane', 'submitted_at')
  local owner = owner_of(record)
  redis.call('ZADD', turns .. ':' .. owner, string.format('%.6f', LANE[known[1]] + known[2]), id)
  place(turns, owner)
end

-- `take_turn(turns, owner, id)`: the group waits no more.
local function take_turn(turns, owner, id)
  if redis.call('ZREM', turns .. ':' .. owner, id) == 1 then place(turns, owner) end
end

-- `first_waiting(turns, leases, owner, prefix)`: the owner's group that would be taken first, false for none. `prefix`:
-- what the keys of groups begin with.
local function first_waiting(turns, leases, owner, prefix)
  while true do
    local id = redis.call('ZRANGE', turns .. ':' .. owner, 0, 0)[1]
    if not id then
      redis.call('ZREM', turns, owner)
      return false
    end
    local known = redis.call('HMGET', prefix .. id, 'kind', 'finished_at')
    if known[1] and not known[2] and free(leases, id) then return id end
    take_turn(turns, owner, id)
  end
end

-- `running(held, leases)`: how many groups are worked on, by owner; and of how many owners. `held` is the hash of the
-- groups that were claimed.
local function running(held, leases)
  local counts, owners = {}, 0
  local all = redis.call('HGETALL', held)
  for at = 1, #all, 2 do
    local id, owner = all[at], all[at + 1]
    if free(leases, id) then
      redis.call('HDEL', held, id)
    else
      if not counts[owner] then owners = owners + 1 end
      counts[owner] = (counts[owner] or 0) + 1
    end
  end
  return counts, owners
end

-- `before(turns, held, leases, owner, share, prefix)`: the group whose turn comes before that of this owner, who has
-- his share: of those who have fewer groups in work and another that waits, the one with the fewest. False for none.
local function before(turns, held, leases, owner, share, prefix)
  local counts, owners = running(held, leases)
  local fewest, chosen = counts[owner] or 0, false
  if fewest < share then return false end
  -- One more than have work: he has none.
  for _, other in ipairs(redis.call('ZRANGE', turns, 0, owners)) do
    local count = counts[other] or 0
    if count < fewest then
      local id = first_waiting(turns, leases, other, prefix)
      if id then fewest, chosen = count, id end
    end
  end
  return chosen
end
-- luacheck: pop
