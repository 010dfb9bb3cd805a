-- `tasks_key(prefix, kind, state, model, owner)`: the key of a list of tasks; what is not said is empty. `prefix`: what
-- all of them begin with.

local function tasks_key(prefix, kind, state, model, owner)
  return prefix .. kind .. ':' .. state .. ':' .. model .. ':' .. owner
end
