-- `counters()`: the indices of KEYS of the counters that an attempt is about: not the account's own if the address is
-- known for it.
-- The KEYS are those of begin_login.lua.

local function counters()
  local known, found = redis.call('EXISTS', KEYS[1]) == 1, {}
  for i = 2, #KEYS do
    if not (known and i == 3) then found[#found + 1] = i end
  end
  return found
end
