-- killed - a worker died with this job in hand.
-- protocol.md 4.4 and 4.10: three deaths in hand are POISON.
--
-- KEYS  P
-- ARGV  workload ep step job token (of its lease: one death told twice counts once)
-- ->    deaths so far, in the whole fleet | 0 (other epoch, not open, not pending: nothing to count)
local P, c = KEYS[1], redis.call
local wl, ep, step, job, token = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5] or ''
if not step or token == '' then return redis.error_reply('ERR killed: bad step or no token') end
local h, K = c('HMGET', P..':w:'..wl, 'ep', 'open'), P..':k:'..ep
if h[1] ~= ep or tonumber(h[2]) < step or c('SISMEMBER', P..':p:'..ep..':'..step, job) == 0 then return 0 end
local n, last = string.match(c('HGET', K, job) or '0|', '^(%d+)|(.*)$')
n = tonumber(n)
if last ~= token then
  n = n + 1
  c('HSET', K, job, n..'|'..token)
end
return n
