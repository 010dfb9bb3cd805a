-- `hex(id)`: 16 bytes as 32 hexadecimal digits.

local SIXTEEN = string.rep('%02x', 16)
local function hex(id)
  return string.format(SIXTEEN, string.byte(id, 1, 16))
end
