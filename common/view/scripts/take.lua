-- take - due jobs of the gates that are due, turn by turn; each is due again after tpub.
-- protocol.md 4.4 ("take" and "Step guard"). In the model: the pump. First publication, retry and redelivery are one path.
--
-- KEYS  P
-- ARGV  clock limit tpub
-- ->    next, then five words a job: workload ep step job spec (the step an integer)
--       next: ms of the earliest gate that remains, -1 if there is none
local P, c = KEYS[1], redis.call
local MOST = 1000         -- jobs of one call
local now = tonumber(ARGV[1])
if not now then
  local t = c('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local limit, tpub = tonumber(ARGV[2]), tonumber(ARGV[3])
if not (limit and tpub) or limit < 1 or limit > MOST then
  return redis.error_reply('ERR take: limit (1..1000) and tpub are numbers')
end
local G, out, taken, turn, off, put = P..':gates', {}, 0, {}, {}, {}

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

local v = c('HMGET', P..':v', 'taws', 'quar')
-- First pass: only reads, so that a key of a wrong type fails before the first write.
for _, m in ipairs(c('ZRANGEBYSCORE', G, '-inf', now, 'LIMIT', 0, limit)) do
  local wl, ep, step = string.match(m, '^(.-)|(.-)|(.*)$')
  step = tonumber(step)
  local h = c('HMGET', P..':w:'..wl, 'st', 'ep', 'open', 'step', 'gate', 'z', 'fo', 'clr')
  local fit = h[1] == 'R' and h[2] == ep and tonumber(h[3]) >= step
  local till = fit and guard(ep, step, h, tonumber(v[1]) or 0, v[2])
  if not fit then
    off[#off + 1] = m
  elseif till and till > now then
    put[m] = till
  else
    local e = ep..':'..step
    local D, L, J, S = P..':d:'..e, P..':l:'..e, P..':p:'..e, P..':s:'..e
    c('HLEN', P..':x:'..ep)
    c('HLEN', L)
    c('SCARD', J)
    c('HLEN', S)
    turn[#turn + 1] = {m = m, wl = wl, ep = ep, step = step, h = h, z = tonumber(h[6]) or 0, D = D, L = L, J = J, S = S,
      due = c('ZRANGEBYSCORE', D, '-inf', now, 'LIMIT', 0, limit)}
  end
end
for _, m in ipairs(off) do c('ZREM', G, m) end
for m, till in pairs(put) do c('ZADD', G, till, m) end

for i = 1, limit do
  for _, g in ipairs(turn) do
    local j = g.due[i]
    if j and taken < limit then
      local l = c('HGET', g.L, j)
      local dl = l and tonumber(string.match(l, '^%d+|(%d+)|'))
      if dl and dl > now then
        c('ZADD', g.D, dl, j)
      else
        if dl then                                -- removed by EXPIRY: a request signed before dl may still be on the wire
          c('HDEL', g.L, j)
          c('HINCRBY', P..':x:'..g.ep, j, 1)
          if dl > g.z then
            g.z = dl
            c('HSET', P..':w:'..g.wl, 'z', dl)
          end
        end
        if c('SISMEMBER', g.J, j) == 1 then
          c('ZADD', g.D, now + tpub, j)
          taken = taken + 1
          for _, word in ipairs{g.wl, g.ep, g.step, j, c('HGET', g.S, j) or ''} do out[#out + 1] = word end
        else
          c('ZREM', g.D, j)
        end
      end
    end
  end
end
for _, g in ipairs(turn) do
  local d = c('ZRANGE', g.D, 0, 0, 'WITHSCORES')
  if not d[2] then
    c('ZREM', G, g.m)
  else
    local at = tonumber(d[2])
    if g.step == tonumber(g.h[4]) then at = math.max(at, tonumber(g.h[5])) end
    c('ZADD', G, at, g.m)
  end
end
table.insert(out, 1, tonumber(c('ZRANGE', G, 0, 0, 'WITHSCORES')[2]) or -1)
return out
