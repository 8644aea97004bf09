-- renew - prolong leases; only OK moves a deadline.
-- protocol.md 4.4 ("renew"). In the model: a worker that looks whether it may go on.
--
-- KEYS  P
-- ARGV  clock inc [workload ep step job token]...
-- ->    one answer a job, in order: OK deadline hv | HOLD | FENCED | LOST | WAIT
local P, c = KEYS[1], redis.call
local now = tonumber(ARGV[1])
if not now then
  local t = c('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local inc, out = ARGV[2], {}
if (#ARGV - 2) % 5 ~= 0 then return redis.error_reply('ERR renew: five words per job') end
local v = c('HMGET', P..':v', 'applied', 'inc', 'fresh', 'ttl')
c('ZCARD', P..':gates')
local wait = not v[1] or inc == '' or v[2] ~= inc or now >= (tonumber(v[3]) or 0)

local function one(wl, ep, step, job, token)      -- reads only; -> the answer, and what is to be written for it
  if wait then return {'WAIT'} end
  local h = c('HMGET', P..':w:'..wl, 'st', 'ep', 'step', 'gate', 'hv')
  if h[2] ~= ep or (h[1] ~= 'R' and h[1] ~= 'P') then return {'FENCED'} end
  local L, D = P..':l:'..ep..':'..step, P..':d:'..ep..':'..step
  local l = c('HGET', L, job)
  local att, worker, tok
  if l then att, worker, tok = string.match(l, '^(%d+)|%d+|([^|]*)|(.*)$') end
  if tok ~= token then return {'LOST'} end
  if c('SISMEMBER', P..':p:'..ep..':'..step, job) == 0 then return {'FENCED'} end   -- another attempt's terminal counted: the next step waits for this lease
  if h[1] == 'P' then return {'HOLD'} end
  local d = now + tonumber(v[4])
  c('ZCARD', D)
  return {'OK', d, tonumber(h[5]) or 0}, function()
    c('HSET', L, job, att..'|'..d..'|'..worker..'|'..tok)
    c('ZADD', D, d, job)
    local at = tonumber(c('ZRANGE', D, 0, 0, 'WITHSCORES')[2])
    if step == h[3] then at = math.max(at, tonumber(h[4])) end
    c('ZADD', P..':gates', at, wl..'|'..ep..'|'..step)
  end
end

local moves = {}
for i = 3, #ARGV, 5 do
  out[#out + 1], moves[#moves + 1] = one(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
end
for _, move in ipairs(moves) do move() end
return out
