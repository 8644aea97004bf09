-- release - hand a lease back; not an expiry.
-- protocol.md 4.4 ("release"): a worker that drains, HOLD, backoff.
--
-- KEYS  P
-- ARGV  clock workload ep step job token due unanswered
--       due: ms from now; unanswered: '1' or ''
-- ->    OK | LOST
local P, c = KEYS[1], redis.call
local now = tonumber(ARGV[1])
if not now then
  local t = c('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local wl, ep, step, job, token, due, un = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
if not (step and due) then return redis.error_reply('ERR release: bad step or due') end

local W, G, L, D = P..':w:'..wl, P..':gates', P..':l:'..ep..':'..step, P..':d:'..ep..':'..step
local h = c('HMGET', W, 'st', 'ep', 'open', 'step', 'gate', 'z')
c('ZCARD', G)                                     -- types, before the first write
c('ZCARD', D)
local l = c('HGET', L, job)
local own = l and string.match(l, '([^|]*)$') == token
local pending = c('SISMEMBER', P..':p:'..ep..':'..step, job) == 1
if un == '1' and now > (tonumber(h[6]) or 0) then c('HSET', W, 'z', now) end     -- even if the lease is gone: the call was sent
if not own or h[2] ~= ep then return {'LOST'} end

c('HDEL', L, job)
if pending then c('ZADD', D, now + due, job) else c('ZREM', D, job) end
if h[1] == 'R' then
  local function regate(k)
    local m, d = wl..'|'..ep..'|'..k, c('ZRANGE', P..':d:'..ep..':'..k, 0, 0, 'WITHSCORES')
    if not d[2] then
      c('ZREM', G, m)
      return
    end
    local at = tonumber(d[2])
    if k == tonumber(h[4]) then at = math.max(at, tonumber(h[5])) end
    c('ZADD', G, at, m)
  end
  regate(step)
  if step < tonumber(h[4]) and h[3] == h[4] then regate(tonumber(h[4])) end      -- the step that waited for this lease
end
return {'OK'}
