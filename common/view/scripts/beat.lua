-- beat - the leader's heartbeat: it alone lets leases be granted, for the next FRESH ms.
-- protocol.md 4.4 ("beat"), C23, C24; section 5, P5. In the model: the freshness of a view.
--
-- KEYS  P
-- ARGV  clock inc leader pos hw age mono
--       pos: last offset this leader folded; hw: high watermark read age ms ago; mono: the leader's monotonic ms
-- ->    NOVIEW | OTHERFV v | GAP applied | INC | BASE (first beat of this leader: send it again) | JUMP | BEHIND applied | OK fresh
local P, c = KEYS[1], redis.call
local FV = '1'            -- version of the fold's rules, the same in fold and seed
local FRESH = 5000        -- ms that one heartbeat is good for
local DRIFT = 1000        -- ms that Redis's clock may move against the leader's
local now = tonumber(ARGV[1])
if not now then
  local t = c('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local inc, who, pos, hw, age, mono = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
if not (pos and hw and age and mono) then return redis.error_reply('ERR beat: pos, hw, age and mono are numbers') end

local V = P..':v'
local v = c('HMGET', V, 'applied', 'inc', 'ttl', 'taws', 'bl', 'bt', 'bm', 'fv')
local a = tonumber(v[1])
if not a then return {'NOVIEW'} end
if (v[8] or '0') ~= FV then return {'OTHERFV', tonumber(v[8]) or 0} end
if a ~= pos then
  if a < pos then c('HSET', V, 'inc', '') end    -- the view went back: grant nothing until a ViewOpened
  return {'GAP', a}
end
if inc == '' or v[2] ~= inc then return {'INC'} end

local drift = v[5] == who and math.abs((now - tonumber(v[6])) - (mono - tonumber(v[7])))
c('HSET', V, 'bl', who, 'bt', now, 'bm', mono)
if not drift then return {'BASE'} end            -- without an earlier beat a leader frozen before sending cannot be told from a live one
if drift > DRIFT then
  c('HSET', V, 'fresh', 0, 'quar', now + FRESH + tonumber(v[3]) + tonumber(v[4]))
  return {'JUMP'}
end
if a + 1 < hw then return {'BEHIND', a} end      -- a lease granted now could ignore a record that is already in the log
c('HSET', V, 'fresh', now + FRESH - age)
return {'OK', now + FRESH - age}
