-- claim - take a job's lease.
-- protocol.md 4.4 ("claim" and "Step guard"); section 5, P5 and S1b. In the model: the worker's claim.
--
-- KEYS  P
-- ARGV  clock inc workload ep step job worker token maxExpiries
-- ->    WAIT (also: the step is not open) | FENCED | PAUSED | DONE | BUSY ms | POISON expiries (not above maxExpiries: by deaths in hand) | OK att deadline hv
local P, c = KEYS[1], redis.call
local INHAND = 3          -- deaths with this job in hand
local now = tonumber(ARGV[1])
if not now then
  local t = c('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local inc, wl, ep, step, job = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local worker, token, maxx = ARGV[7], ARGV[8], tonumber(ARGV[9])
if not (step and maxx) or token == '' or string.find(worker..token, '|', 1, true) then
  return redis.error_reply('ERR claim: bad step, maxExpiries, worker or token')
end

-- The step guard, the same lines in claim and take. While a member of an earlier step was left unsettled (fo > 0), an
-- attempt that lost its lease, or that a lost view forgot, may still have a signed request on the wire; a later step
-- must not start before it can no longer land. If all earlier members are settled, a late request is a repeat without
-- effect: no guard, and no loop. Once a claim was let through (clr, set by claim alone: it knows whether the view is
-- validated) it is not looked at again, so the step's own expired leases never delay its own retries.
local function guard(ep, step, h, taws, quar)     -- -> not before when the step may start, or nil: no question (any more)
  if step ~= tonumber(h[3]) or (tonumber(h[7]) or 0) <= 0 or (tonumber(h[8]) or 0) >= step then return nil end
  local till = math.max(tonumber(quar) or 0, h[6] and tonumber(h[6]) + taws or 0)
  for k = 0, step - 1 do
    for _, e in ipairs(c('HVALS', P..':l:'..ep..':'..k)) do
      local d = tonumber(string.match(e, '^%d+|(%d+)|'))
      till = math.max(till, d > now and d or d + taws)
    end
  end
  return till
end

local W, G = P..':w:'..wl, P..':gates'
local v = c('HMGET', P..':v', 'applied', 'inc', 'fresh', 'ttl', 'taws', 'quar', 'since')
if not v[1] or inc == '' or v[2] ~= inc or now >= (tonumber(v[3]) or 0) then return {'WAIT'} end
local h = c('HMGET', W, 'st', 'ep', 'open', 'step', 'gate', 'z', 'fo', 'clr', 'hv')
local hv = tonumber(h[9]) or 0
if h[2] ~= ep or (h[1] ~= 'R' and h[1] ~= 'P') then return {'FENCED'} end
if h[1] == 'P' then return {'PAUSED'} end
if tonumber(h[3]) < step then return {'WAIT'} end  -- its message was faster than the fold of its plan: a message is a hint, the claim decides

local L, D, m = P..':l:'..ep..':'..step, P..':d:'..ep..':'..step, wl..'|'..ep..'|'..step
c('ZCARD', D)                                     -- types, before the first write
c('ZCARD', G)
c('HLEN', P..':n:'..ep)
c('HLEN', P..':x:'..ep)
local k = tonumber(string.match(c('HGET', P..':k:'..ep, job) or '0', '^%d+'))
if c('SISMEMBER', P..':p:'..ep..':'..step, job) == 0 then return {'DONE'} end
local l = c('HGET', L, job)
local att, dl, tok
if l then
  att, dl, tok = string.match(l, '^(%d+)|(%d+)|[^|]*|(.*)$')
  att, dl = tonumber(att), tonumber(dl)
  if dl > now then
    if tok == token then return {'OK', att, dl, hv} end        -- the same claim sent again
    return {'BUSY', dl - now}
  end
end
local till = guard(ep, step, h, tonumber(v[5]), v[6])
if till and till > now then return {'BUSY', till - now} end
if till then c('HSET', W, 'clr', step) end
if l then                                         -- taken over by EXPIRY, as in take(): a request signed before dl may still be on the wire
  c('HDEL', L, job)
  c('HINCRBY', P..':x:'..ep, job, 1)
  if dl > (tonumber(h[6]) or 0) then c('HSET', W, 'z', dl) end
end
local x = tonumber(c('HGET', P..':x:'..ep, job) or '0')
if x > maxx or k >= INHAND then return {'POISON', x} end

-- A run older than the view: attempts may have been forgotten with the view before it. Counted as one, so that what they
-- did is not taken for what was there already.
if tonumber(string.match(ep, '%d+$')) < (tonumber(v[7]) or 0) then c('HSETNX', P..':n:'..ep, job, 1) end
local a, d = c('HINCRBY', P..':n:'..ep, job, 1), now + tonumber(v[4])
c('HSET', L, job, a..'|'..d..'|'..worker..'|'..token)
c('ZADD', D, d, job)
local at = tonumber(c('ZRANGE', D, 0, 0, 'WITHSCORES')[2])
if step == tonumber(h[4]) then at = math.max(at, tonumber(h[5])) end
c('ZADD', G, at, m)
return {'OK', a, d, hv}
