-- Counts a group that is accepted, where `accept.lua` is told that its counters lie.

redis.call('BITFIELD', KEYS[8], 'INCRBY', 'i64', ARGV[11], ARGV[4], 'INCRBY', 'i64', ARGV[12], 1)
