-- owed - what the leader owes now, each with what it needs to act. Reads only.
-- protocol.md 4.3 (`P:owed`) and section 5, P2: set and cleared by the fold alone, so a new leader finds it at once.
--
-- KEYS  P
-- ARGV  clock limit skip
-- ->    next, then one array an entry, earliest first:
--       admit workload at request action busy paused run rest
--       drain workload at ep run next nextrun end
--       plan workload at ep step action run onfail
--       deadline workload at run state
--       finish workload at run action ep result cause done unchanged bypassed failed doubt
--       snap workload at asof log fv [field value]... [run value]...
--       next: ms of the earliest entry that is not due yet, -1 if there is none
local P, c = KEYS[1], redis.call
local MOST = 1000         -- entries of one call
local now = tonumber(ARGV[1])
if not now then
  local t = c('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local limit, skip = tonumber(ARGV[2]), tonumber(ARGV[3])
if not (limit and skip) or limit < 1 or limit > MOST or skip < 0 then
  return redis.error_reply('ERR owed: limit (1..1000) and skip are numbers')
end
local O = P..':owed'
local v = c('HMGET', P..':v', 'applied', 'log', 'fv')

local function fields(wl, ...)                    -- of the workload's hash, '' where absent: nil would end an array
  local out = c('HMGET', P..':w:'..wl, ...)
  for i = 1, #out do out[i] = out[i] or '' end
  return unpack(out)
end
local function split(text, into)                  -- the words between bars, after those of `into`
  for w in string.gmatch(text..'|', '([^|]*)|') do into[#into + 1] = w end
  return into
end

local say = {}
function say.admit(e, wl, request)
  local text = c('HGET', P..':a:'..wl, request) or '||||'
  local act, busy, p, run, rest = string.match(text, '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$')
  for _, w in ipairs{request, act, busy, p, run, rest} do e[#e + 1] = w end
end
function say.drain(e, wl)
  for _, w in ipairs{fields(wl, 'ep', 'run', 'q', 'qrun', 'end')} do e[#e + 1] = w end
end
function say.plan(e, wl)
  local ep, planned, act, run, onfail = fields(wl, 'ep', 'planned', 'act', 'run', 'onfail')
  for _, w in ipairs{ep, (tonumber(planned) or -1) + 1, act, run, onfail} do e[#e + 1] = w end
end
function say.deadline(e, wl)
  for _, w in ipairs{fields(wl, 'run', 'st')} do e[#e + 1] = w end
end
function say.finish(e, wl, run)
  local kept = split(c('HGET', P..':r:'..wl, run) or '|||||', {})
  for _, w in ipairs{run, kept[2], kept[3], kept[4], kept[5]} do e[#e + 1] = w end
  for w in string.gmatch(kept[6], '%d+') do e[#e + 1] = tonumber(w) end
end
function say.snap(e, wl)
  local all, w = c('HGETALL', P..':w:'..wl), {}
  for i = 1, #all, 2 do
    if all[i] ~= 'z' and all[i] ~= 'clr' and all[i] ~= 'woff' then
      w[#w + 1] = all[i]
      w[#w + 1] = all[i + 1]
    end
  end
  for _, x in ipairs{tonumber(v[1]) or -1, v[2] or '0', v[3] or '0', w, c('HGETALL', P..':r:'..wl)} do e[#e + 1] = x end
end

local after = c('ZRANGEBYSCORE', O, '('..now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local out = {tonumber(after[2]) or -1}
local due = c('ZRANGEBYSCORE', O, '-inf', now, 'WITHSCORES', 'LIMIT', skip, limit)
for i = 1, #due, 2 do
  local kind, wl, more = string.match(due[i], '^([^|]*)|([^|]*)|?(.*)$')
  local e = {kind, wl, tonumber(due[i + 1])}
  say[kind](e, wl, more)
  out[#out + 1] = e
end
return out
