-- Takes back an attempt that had the right password. Between account and address it is as if nothing had failed; of the
-- account and of the address only this attempt is taken back, or who has one account could try the passwords of others
-- for ever, and the owner's logins would forgive whoever guesses.
-- KEYS: those of begin_login.lua.
-- ARGV: how long the address is known for the account (s).
-- Returns 0.
-- include: gateway/identity/lua/include/counters.lua

for _, i in ipairs(counters()) do
  local failures = tonumber(redis.call('HGET', KEYS[i], 'failures') or 0) - 1
  if i == 2 or failures <= 0 then
    redis.call('DEL', KEYS[i])
  else
    redis.call('HSET', KEYS[i], 'failures', string.format('%.6f', failures))
    redis.call('HDEL', KEYS[i], 'until')
  end
end
redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])
return 0
