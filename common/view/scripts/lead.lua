-- lead - take, keep or give up the leader's lock: an efficiency lock, two leaders are harmless.
-- protocol.md 4.1 ("coordinator").
--
-- KEYS  P
-- ARGV  leader ttl
--       ttl: ms it is held from now on; 0 gives it up
-- ->    1 = it is (or was) this leader's | 0 = another's
local L, c = KEYS[1]..':lead', redis.call
local who, ttl = ARGV[1], tonumber(ARGV[2])
if not ttl or who == '' then return redis.error_reply('ERR lead: no leader, or ttl is not a number') end
local has = c('GET', L)
if has and has ~= who then return 0 end
if ttl > 0 then c('SET', L, who, 'PX', ttl) else c('UNLINK', L) end
return 1
