-- `tag_members(record, what)`: how an index of tags has what has these notes: by each tag's name and value, and by its
-- name alone.

local function tag_members(record, what)
  local found = {}
  for name, value in pairs(record and record ~= '' and cjson.decode(record).tags or {}) do
    found[#found + 1] = name .. '\0' .. value .. '\0' .. what
    found[#found + 1] = name .. '\0\0' .. what
  end
  return found
end
