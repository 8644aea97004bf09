-- drained - may the leader append Drained(old, next)? Reads only; the command line asks it too, to say why a run waits.
-- protocol.md 4.4 ("drained?") and section 5, P5. In the model: the guard of the record Drained.
--
-- KEYS  P
-- ARGV  clock inc workload useend
--       useend: '1' if the broker's clock may be used (topic with LogAppendTime)
-- ->    1 old next | 0 why until
--       until: the answer is no before this ms, as far as is known; 0: not known (a living lease may end at any moment)
local P, c = KEYS[1], redis.call
local FRESH = 5000        -- ms that one heartbeat of the leader is good for
local SKEW = 5000         -- ms between the brokers' and Redis's clocks (A5)
local now = tonumber(ARGV[1])
if not now then
  local t = c('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local inc, wl = ARGV[2], ARGV[3]
local h = c('HMGET', P..':w:'..wl, 'st', 'ep', 'q', 'nt', 'z', 'res', 'end')
local next = h[3] or ''
if h[1] ~= 'D' then return {0, 'not draining', 0} end
if not h[2] then return {1, '', next} end
local v = c('HMGET', P..':v', 'applied', 'inc', 'fresh', 'quar', 'ttl', 'taws')
local ttl, taws = tonumber(v[5]), tonumber(v[6])
if not v[1] or inc == '' or v[2] ~= inc or now >= (tonumber(v[3]) or 0) then return {0, 'view not validated', 0} end

local quar = tonumber(v[4]) or 0                  -- no lease was granted after the end: then that moment bounds what a lost view may have granted
if ARGV[4] == '1' and h[6] then quar = math.min(quar, tonumber(h[7]) + ttl + FRESH + taws + SKEW) end   -- the end is a record's ts: the broker's clock (A5)
local z, live = tonumber(h[5]) or -taws, false
for k = 0, tonumber(h[4]) - 1 do
  for _, e in ipairs(c('HVALS', P..':l:'..h[2]..':'..k)) do
    local d = tonumber(string.match(e, '^%d+|(%d+)|'))
    if d > now then live = true else z = math.max(z, d) end    -- an expired lease that nobody swept counts like one that was
  end
end
local till = math.max(quar, z + taws)
if now < quar then return {0, 'quarantine', till} end
if live then return {0, 'live leases', till > now and till or 0} end
if now < till then return {0, 'signature window', till} end
return {1, h[2], next}
