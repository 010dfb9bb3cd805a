-- What scripts find in Redis: Lua 5.1 without what would leave it.
std = "lua51"
read_globals = {"redis", "KEYS", "ARGV", "cmsgpack", "cjson", "bit", "struct"}
not_globals = {
  "arg", "coroutine", "debug", "dofile", "io", "loadfile", "module", "newproxy", "package", "print", "require",
}
max_line_length = 120
