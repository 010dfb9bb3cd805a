-- `tag_name(number)`: a version as an index of tags has it: so many digits that numbers stand in their order.

local function tag_name(number) return string.format('%010d', number) end
