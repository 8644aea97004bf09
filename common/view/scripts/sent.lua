-- sent - where a job's last delivery lies in the jobs topic, to tell "still queued" from "lost".
-- protocol.md 4.4 and 4.7.
--
-- KEYS  P
-- ARGV  ep step job part off
-- ->    1 | 0 (not pending: a late one must not revive a dropped key)
local P, c = KEYS[1], redis.call
local ep, step, job, part, off = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if not (part and off) then return redis.error_reply('ERR sent: part and off are numbers') end
if c('SISMEMBER', P..':p:'..ep..':'..step, job) == 0 then return 0 end
c('HSET', P..':pub:'..ep, job, ARGV[4]..':'..ARGV[5])
return 1
