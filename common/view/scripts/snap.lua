-- snap - an idle snapshot up to asof is acknowledged: it is owed no more.
-- protocol.md 4.4 ("A run ends") and 4.6.
--
-- KEYS  P
-- ARGV  workload asof
-- ->    1 | 0 (a later record of the workload is not in it: still owed)
local P, c = KEYS[1], redis.call
local asof = tonumber(ARGV[2])
if not asof then return redis.error_reply('ERR snap: asof is a number') end
if tonumber(c('HGET', P..':w:'..ARGV[1], 'last') or '-1') > asof then return 0 end
c('ZREM', P..':owed', 'snap|'..ARGV[1])
return 1
