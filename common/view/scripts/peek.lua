-- peek - everything that is known of one workload, at one moment, for people. Reads only.
-- protocol.md 4.3; why a draining workload does not start yet is said by `drained`.
--
-- KEYS  P
-- ARGV  clock workload
-- ->    NOVIEW, or six arrays:
--       1 of the view      pairs applied log fv inc fresh quar ttl taws now
--       2 of the workload  its whole hash, pairs field value
--       3 waiting          arrays request action busy paused run rest
--       4 steps 0..planned arrays step jobs pending leased expired next
--       5 debts            pairs kind ms
--       6 recent runs      pairs run value
local P, c = KEYS[1], redis.call
local now = tonumber(ARGV[1])
if not now then
  local t = c('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local wl = ARGV[2]
if not wl then return redis.error_reply('ERR peek: no workload') end
local NAMES = {'applied', 'log', 'fv', 'inc', 'fresh', 'quar', 'ttl', 'taws'}
local v = c('HMGET', P..':v', unpack(NAMES))
if not v[1] then return {'NOVIEW'} end

local view = {}
for i, name in ipairs(NAMES) do
  view[#view + 1] = name
  view[#view + 1] = v[i] or ''
end
view[#view + 1] = 'now'
view[#view + 1] = tostring(now)

local waiting, all = {}, c('HGETALL', P..':a:'..wl)
for i = 1, #all, 2 do
  waiting[#waiting + 1] = {all[i], string.match(all[i + 1], '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$')}
end

local steps, h = {}, c('HMGET', P..':w:'..wl, 'ep', 'planned')
for k = 0, h[1] and tonumber(h[2]) or -1 do
  local e = h[1]..':'..k
  local leased, expired = 0, 0
  for _, l in ipairs(c('HVALS', P..':l:'..e)) do
    if tonumber(string.match(l, '^%d+|(%d+)|')) > now then leased = leased + 1 else expired = expired + 1 end
  end
  steps[#steps + 1] = {k, c('HLEN', P..':s:'..e), c('SCARD', P..':p:'..e), leased, expired,
    tonumber(c('ZRANGE', P..':d:'..e, 0, 0, 'WITHSCORES')[2]) or -1}
end

local debts = {}
for _, kind in ipairs{'drain', 'plan', 'deadline', 'snap'} do
  local at = c('ZSCORE', P..':owed', kind..'|'..wl)
  if at then
    debts[#debts + 1] = kind
    debts[#debts + 1] = tonumber(at)
  end
end
local runs = c('HGETALL', P..':r:'..wl)
for i = 1, #runs, 2 do
  local at = c('ZSCORE', P..':owed', 'finish|'..wl..'|'..runs[i])
  if at then
    debts[#debts + 1] = 'finish|'..runs[i]
    debts[#debts + 1] = tonumber(at)
  end
end
return {view, c('HGETALL', P..':w:'..wl), waiting, steps, debts, runs}
