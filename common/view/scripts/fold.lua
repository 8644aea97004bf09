-- fold - one record of the log into the view, or nothing at all.
-- protocol.md 4.4, "fold": the only script that moves a durable field; everything else leases and delays. In the
-- model this is the atomic step of the coordinator that follows the log.
--
-- KEYS  P
-- ARGV  clock off ts inc type must needs workload args...
--       clock: ms, '' = TIME; must: '1' or ''; needs: words joined by a space. Arguments by type:
--       REQ run sched tick action busy rest        ACC request nt onfail delays deadline_s pause_s spec
--       REF request cause                          DRAINED old next
--       PLAN ep step nonce part parts COUNTS [job spec]...      PLANFAIL ep step cause
--       TERM ep step job token unanswered COUNTS   PAUSE id run   RESUME id run   CANCEL id run cause
--       HOLD id hold until tier instance           UNHOLD id hold
--       VIEW inc ttl taws (workload '')            FIN run
--       COUNTS: done unchanged bypassed failed doubt unsettled. An epoch and a request are G:offset.
-- ->    NOVIEW | OTHERFV v | DUP | GAP applied | UPGRADE | IGN | OK | ADMIT | DRAIN | PLAN step | OPEN step | DONE
--
-- Every key is read before the first write, so that a key of a wrong type leaves the view as it was; `applied` is
-- written last. A record that does not parse is IGN: the position always moves by one.
local P, c = KEYS[1], redis.call
local FV = '1'            -- version of these rules, the same in seed and beat
local FRESH = 5000        -- ms that one heartbeat of the leader is good for
local WAITING = 16        -- requests that wait for admission
local KEPT = 64           -- runs that a workload remembers
local CONTROLS = 16       -- control ids that a workload remembers
local HOLDS = 64          -- holds of a workload
local STEPS = 200         -- steps of a run
local PARTS = 10000       -- parts of a plan
local JOBS = 5000         -- jobs of a record
local WIDTH = 10000       -- jobs of a step
local NAME = 200          -- bytes: workload, job, nonce, control id, instance, cause
local ID = 64             -- characters: run, hold
local SCHED = 300         -- bytes: name|action|zone
local TEXT = 2000         -- bytes: delays, the request's own text, a tier's name
local SPEC = 100000       -- bytes: what a worker is told about one job
local FROZEN = 900000     -- bytes: a run's frozen specification
local COUNT = 100000      -- members in one count
local SECONDS = 31536000  -- a run's deadline, a pause

local given = tonumber(ARGV[1])
local function clock()                      -- asked for only where a moment of this server counts
  if given then return given end
  local t = c('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local off, ts, inc, ty, must, needs, wl = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
if not (off and ts and wl) then
  return redis.error_reply('ERR fold: off and ts are numbers, workload a string')
end
local V, W, A, R, O, G = P..':v', P..':w:'..wl, P..':a:'..wl, P..':r:'..wl, P..':owed', P..':gates'

-- The position
local v = c('HMGET', V, 'applied', 'ttl', 'taws', 'since', 'quar', 'runs', 'log', 'fv')
local a = tonumber(v[1])
if not a then return {'NOVIEW'} end
if (v[8] or '0') ~= FV then return {'OTHERFV', tonumber(v[8]) or 0} end
if off <= a then return {'DUP'} end
if off ~= a + 1 then
  c('HSET', V, 'inc', '')                 -- the view went back: leases may be gone, so nothing is granted until a ViewOpened
  return {'GAP', a}
end

-- What must be known
local KNOWN = {REQ = 6, ACC = 7, REF = 2, DRAINED = 2, PLAN = 11, PLANFAIL = 3, TERM = 11, PAUSE = 2, RESUME = 2,
  CANCEL = 2, HOLD = 5, UNHOLD = 2, VIEW = 3, FIN = 1}                          -- least number of words
local NEEDS = {}                                                                -- words of `needs` that these rules know
if must == '1' then
  if not KNOWN[ty] then return {'UPGRADE'} end
  for word in string.gmatch(needs, '%S+') do
    if not NEEDS[word] then return {'UPGRADE'} end
  end
end

-- For readers alone, or nothing that parses: the position moves
if not KNOWN[ty] then
  c('HSET', V, 'applied', off)
  return {'IGN'}
end

local x = {}
for i = 9, #ARGV do x[#x + 1] = ARGV[i] end

-- ViewOpened
if ty == 'VIEW' then
  local ttl, taws = tonumber(x[2]), tonumber(x[3])
  local most, mosw = tonumber(v[2]), tonumber(v[3])
  if ttl and taws then most, mosw = math.max(most, ttl), math.max(mosw, taws) end
  if ttl and taws and x[1] == inc and off >= (tonumber(v[4]) or 0) then  -- below `since`: an old opening met while refolding (FLUSHALL keeps the run_id)
    c('HSET', V, 'inc', inc, 'ttl', most, 'taws', mosw)                  -- the larger stays: windows already running must not shrink
    if (tonumber(v[6]) or 0) > 0 then
      c('HSET', V, 'quar', math.max(tonumber(v[5]) or 0, clock() + FRESH + most + mosw))  -- an earlier quarantine may have counted with larger values
    end
  else
    c('HSET', V, 'inc', '', 'ttl', most, 'taws', mosw)                   -- another data set's, or it does not parse: leases may be granted there by its values
  end
  c('HSET', V, 'applied', off)
  return {'OK'}
end

if wl == '' or #wl > NAME or string.find(wl, '[%z\1-\31\127|]') then  -- | would be mis-split in gates and owed
  c('HSET', V, 'applied', off)
  return {'IGN'}
end

-- The workload: what a terminal within its step needs, and the rest, read when it is needed
local MOST = {'st', 'ep', 'step', 'open', 'gate', 'done', 'unchanged', 'bypassed', 'failed', 'doubt', 'unsettled', 'nf', 'z', 'woff'}
local REST = {'run', 'act', 'nt', 'planned', 'onfail', 'delays', 'dl', 'pm', 'dleft', 'pn', 'pp', 'pc', 'res', 'why', 'end', 'hv',
  'q', 'qrun', 'qact', 'qnt', 'qonf', 'qdelays', 'qdl', 'qpm', 'qp', 'cnt', 'ids'}
local s, dirty = {}, {}
local function load(fields)
  for i, val in ipairs(c('HMGET', W, unpack(fields))) do s[fields[i]] = val or nil end
end
load(MOST)
local waiting
local function load_rest()
  load(REST)
  waiting = c('HLEN', A)
  c('HLEN', R)
end
c('ZCARD', O)
c('ZCARD', G)
if ty ~= 'TERM' or s.st ~= 'R' then load_rest() end
if off <= (tonumber(s.woff) or -1) then      -- already inside this workload's snapshot
  c('HSET', V, 'applied', off)
  return {'IGN'}
end
local st = s.st or 'I'
local GEN = v[7] or '0'

local function at_rest(waits) return (s.st or 'I') == 'I' and (tonumber(s.nf) or 0) <= 0 and waits == 0 end
local rested = waiting and at_rest(waiting)

local function word(text, most) return #text <= most and string.find(text, '^[A-Za-z0-9._-]+$') end
local function cause_ok(text) return #text <= NAME and string.find(text, '^[a-z0-9-]+$') end
local function whole(text, low, high)
  local k = string.find(text, '^%d+$') and tonumber(text)
  return k and k >= low and k <= high and k
end
local function set(k, val)
  s[k] = val
  dirty[k] = true
end
local function n(k) return tonumber(s[k]) or -1 end
local function key(kind, step) return P..':'..kind..':'..s.ep..':'..step end
local function owe(m, at) c('ZADD', O, at, m) end

-- Counts: of a run, of a job's terminal, of what a plan leaves out
local COUNTS = {'done', 'unchanged', 'bypassed', 'failed', 'doubt', 'unsettled'}
local function counts(from)                 -- the six words from `from` on, or nil if they cannot be
  local k = {}
  for i = 1, 6 do
    k[i] = whole(x[from + i - 1], 0, COUNT)
    if not k[i] then return nil end
  end
  if k[4] + k[5] > k[6] or k[6] > k[3] + k[4] then return nil end
  return k
end
local function plus(text, k)                -- text: the same as one word, or nil
  local i, sum = 0, {}
  for d in string.gmatch(text or '0,0,0,0,0,0', '%d+') do
    i = i + 1
    sum[i] = tonumber(d) + k[i]
  end
  return table.concat(sum, ',')
end
local function count(k)
  for i, name in ipairs(COUNTS) do
    if k[i] > 0 then set(name, n(name) + k[i]) end
  end
end
local function tally() return table.concat({s.done, s.unchanged, s.bypassed, s.failed, s.doubt}, ',') end

-- The result of a run, in the order of precedence of contract.md. why: what made it drain; among those the first in
-- the log stands.
local function verdict(why, halted)
  if why then return why end
  if halted then return 'halted' end
  if n('failed') > 0 and n('done') == 0 then return 'failed' end
  if n('failed') > 0 or n('doubt') > 0 then return 'partial' end
  return 'succeeded'
end
local function spoiled() return n('failed') > 0 or s.act == 'stop' and n('doubt') > 0 end

local function regate(step, none)           -- gate = first attention of the step, not before its delay; none: nothing is due
  local m = wl..'|'..s.ep..'|'..step
  local d = none and {} or c('ZRANGE', key('d', step), 0, 0, 'WITHSCORES')
  if not d[2] then
    c('ZREM', G, m)
    return
  end
  local at = tonumber(d[2])
  if step == n('step') then at = math.max(at, n('gate')) end
  c('ZADD', G, at, m)
end
local function quiet()                      -- not running: no gate, no plan owed
  for k = 0, n('open') do c('ZREM', G, wl..'|'..s.ep..'|'..k) end
  c('ZREM', O, 'plan|'..wl)
end
local function over()                       -- it can be steered no more: no deadline either
  quiet()
  c('ZREM', O, 'deadline|'..wl)
  set('dleft', nil)
end
local function drain()
  set('st', 'D')
  owe('drain|'..wl, ts)
  return {'DRAIN'}
end
local function result(run, res, cause, ep, total)   -- a run ends: exactly one result each
  local request, act = string.match(c('HGET', R, run), '^([^|]*)|([^|]*)|')
  c('HSET', R, run, table.concat({request, act, ep or '', res, cause or '', total or '0,0,0,0,0'}, '|'))
  owe('finish|'..wl..'|'..run, ts)
  set('nf', math.max(n('nf'), 0) + 1)
end
local function finish(res, cause)           -- the current run ends by itself
  over()
  result(s.run, res, cause, s.ep, tally())
  set('res', res)
  set('end', ts)
  if s.q then drain() else set('st', 'I') end
  return {'DONE'}
end
local function unqueue(res, cause)          -- the successor ends before its turn
  result(s.qrun, res, cause, s.q)
  c('UNLINK', P..':f:'..s.q)
  for _, f in ipairs{'q', 'qrun', 'qact', 'qnt', 'qonf', 'qdelays', 'qdl', 'qpm', 'qp'} do set(f, nil) end
end
local function left_out(k)                  -- step k begins: those whom its plan left alone are resolved now
  local f = 'lo:'..k
  local text = s[f] or c('HGET', W, f)
  if not text then return end
  local many = {}
  for d in string.gmatch(text, '%d+') do many[#many + 1] = tonumber(d) end
  count(many)
  set(f, nil)
end
local function advance()
  while true do
    local k = n('step')
    if k >= n('nt') then return finish(verdict()) end
    if n('planned') < k then
      owe('plan|'..wl, n('gate'))
      return {'PLAN', k}
    end
    if c('SCARD', key('p', k)) > 0 then
      if n('open') >= k then return {'OK'} end
      set('fo', n('unsettled'))             -- of earlier steps: its own left_out are not among them
      left_out(k)
      set('open', k)
      regate(k)                             -- one ZADD, whatever the width
      return {'OPEN', k}
    end
    if n('open') < k then left_out(k) end
    if spoiled() and s.onfail == 'halt' and k + 1 < n('nt') then
      return finish(verdict(nil, true), n('failed') > 0 and 'member-failed' or 'override-unknown')
    end
    set('step', k + 1)
  end
end

-- One function a record type; it returns its answer, nothing = IGN. Only the one that is needed is made: to make them
-- all costs more than the rest of a fold.
local cur = s.run and not s.res and (st == 'R' or st == 'P')     -- a current run that can still be steered
local apply

if ty == 'REQ' then apply = function()
  local run, sched, tick, act, busy, text = unpack(x)
  if not word(run, ID) or not ({reject = 1, queue = 1, supersede = 1})[busy] or not ({start = 1, stop = 1})[act]
    or #text > TEXT or #sched > SCHED or (sched ~= '' and (#tick > 12 or not string.find(tick, '^%d+$'))) then return end
  if c('HEXISTS', R, run) == 1 then return end
  if sched ~= '' then                       -- compared as numbers: Lua's string order follows the server's locale
    local last = tonumber(c('HGET', W, 't:'..sched))
    if last and tonumber(tick) <= last then return end
    set('t:'..sched, tick)
  end
  local me = GEN..':'..off
  c('HSET', R, run, me..'|'..act..'||||0,0,0,0,0')
  if c('HLEN', R) > KEPT then               -- forget the oldest run that has its result and owes no RunFinished
    local all, lowg, lowo, who = c('HGETALL', R)
    for i = 1, #all, 2 do
      local g, o, res = string.match(all[i + 1], '^(%d+):(%d+)|[^|]*|[^|]*|([^|]*)|')
      g, o = tonumber(g), tonumber(o)
      if res ~= '' and (not who or g < lowg or g == lowg and o < lowo)
        and not c('ZSCORE', O, 'finish|'..wl..'|'..all[i]) then lowg, lowo, who = g, o, all[i] end
    end
    if who then c('HDEL', R, who) end
  end
  if waiting >= WAITING then
    result(run, 'refused', 'queue-full')
    return {'OK'}
  end
  c('HSET', A, me, act..'|'..busy..'||'..run..'|'..text)
  owe('admit|'..wl..'|'..me, ts)
  return {'ADMIT'}
end end

local function answer(request)              -- the first answer to a request takes it; -> action, busy, paused, run
  local text = c('HGET', A, request)
  if not text then return end
  c('HDEL', A, request)
  c('ZREM', O, 'admit|'..wl..'|'..request)
  return string.match(text, '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|')
end

if ty == 'REF' then apply = function()
  if not cause_ok(x[2]) then return end
  local _, _, _, run = answer(x[1])
  if not run then return end
  result(run, 'refused', x[2])
  return {'OK'}
end end

if ty == 'ACC' then apply = function()
  local request, nt, onfail, delays, dl, pm, spec = unpack(x)
  if not (whole(nt, 0, STEPS) and whole(dl, 1, SECONDS) and whole(pm, 1, SECONDS))      -- STEPS bounds every loop and unpack over steps
    or not ({halt = 1, continue = 1})[onfail] or #delays > TEXT or string.find(delays, '[^%d,]') or #spec > FROZEN then return end
  local act, busy, p, run = answer(request)
  if not run then return end
  if busy == 'reject' and (st ~= 'I' or s.q) then
    result(run, 'refused', 'busy')
    return {'OK'}
  end
  if s.q then unqueue('superseded') end     -- latest intention wins, the displaced run is reported
  set('q', GEN..':'..off)
  set('qrun', run)
  set('qact', act)
  set('qnt', nt)
  set('qonf', onfail)
  set('qdelays', delays)
  set('qdl', dl)
  set('qpm', pm)
  set('qp', p ~= '' and p or nil)
  c('SET', P..':f:'..s.q, spec)
  set('cnt', math.max(n('cnt'), 0) + 1)
  c('HINCRBY', V, 'runs', 1)
  if st == 'I' then return drain() end
  if busy == 'supersede' and st ~= 'D' then
    over()
    set('why', 'superseded')
    return drain()
  end
  return {'OK'}
end end

local function activate()                   -- the successor becomes the current run
  for to, from in pairs{ep = 'q', run = 'qrun', act = 'qact', nt = 'qnt', onfail = 'qonf', delays = 'qdelays', dl = 'qdl', pm = 'qpm'} do
    set(to, s[from])
  end
  set('st', s.qp and 'P' or 'R')
  for _, f in ipairs{'q', 'qrun', 'qact', 'qnt', 'qonf', 'qdelays', 'qdl', 'qpm', 'qp'} do set(f, nil) end
  set('step', 0)
  set('planned', -1)
  set('open', -1)
  set('gate', ts)
  for _, name in ipairs(COUNTS) do set(name, 0) end
  if s.st == 'P' then
    set('dleft', n('dl') * 1000)
    owe('deadline|'..wl, ts + n('pm') * 1000)
    return {'OK'}
  end
  owe('deadline|'..wl, ts + n('dl') * 1000)
  return advance()
end

if ty == 'DRAINED' then apply = function()
  local old, nxt = x[1], x[2]
  if st ~= 'D' or nxt ~= (s.q or '') or old ~= (s.ep or '') then return end
  if s.ep then
    if not s.res then result(s.run, verdict(s.why), nil, s.ep, tally()) end
    local del = {P..':n:'..s.ep, P..':x:'..s.ep, P..':k:'..s.ep, P..':pub:'..s.ep, P..':f:'..s.ep}
    for k = 0, n('nt') - 1 do
      for _, kind in ipairs{'p', 's', 'l', 'd'} do del[#del + 1] = key(kind, k) end
    end
    c('UNLINK', unpack(del))
    for k = math.max(n('step'), 0), n('planned') do set('lo:'..k, nil) end
  end
  for _, f in ipairs{'pn', 'pp', 'pc', 'res', 'why', 'end', 'z', 'fo', 'clr'} do set(f, nil) end
  c('ZREM', O, 'drain|'..wl)
  if s.q then return activate() end
  for _, f in ipairs{'ep', 'run', 'act', 'nt', 'step', 'planned', 'open', 'gate', 'onfail', 'delays', 'dl', 'pm'} do set(f, nil) end
  for _, f in ipairs(COUNTS) do set(f, nil) end
  set('st', 'I')
  return {'DONE'}
end end

if ty == 'PLAN' then apply = function()
  local ep, k, i, m = x[1], tonumber(x[2]), tonumber(x[4]), tonumber(x[5])
  local id, many, jobs = x[3]..'|'..x[5], counts(6), (#x - 11) / 2
  if not cur or ep ~= s.ep or k ~= n('planned') + 1 or k >= n('nt') or not many
    or not (i and m and i >= 0 and i < m and m <= PARTS) or x[3] == '' or #x[3] > NAME or jobs > JOBS or jobs % 1 ~= 0 then return end
  for j = 12, #x, 2 do
    if x[j] == '' or #x[j] > NAME or #x[j + 1] > SPEC then return end
  end
  if i == 0 then                            -- starts the plan, or replaces an incomplete one of another nonce
    if s.pn == id then return end
    c('UNLINK', key('p', k), key('s', k), key('d', k))
    set('pn', id)
    set('pp', 0)
    set('pc', nil)
  elseif s.pn ~= id or n('pp') ~= i then return end
  if c('SCARD', key('p', k)) + jobs > WIDTH then return end   -- never part 0: the plan stays incomplete until another one replaces it
  c('ZCARD', key('d', k))                                     -- types
  c('HLEN', key('s', k))
  local now = clock()
  for lo = 12, #x, 1000 do
    local ids, due, specs = {}, {}, {}
    for j = lo, math.min(lo + 999, #x), 2 do
      ids[#ids + 1] = x[j]
      due[#due + 1] = now
      due[#due + 1] = x[j]
      specs[#specs + 1] = x[j]
      specs[#specs + 1] = x[j + 1]
    end
    c('SADD', key('p', k), unpack(ids))
    c('ZADD', key('d', k), unpack(due))
    c('HSET', key('s', k), unpack(specs))
  end
  set('pp', i + 1)
  set('pc', plus(s.pc, many))
  if i + 1 < m then return {'OK'} end
  set('planned', k)
  if string.find(s.pc, '[1-9]') then set('lo:'..k, s.pc) end
  set('pn', nil)
  set('pp', nil)
  set('pc', nil)
  c('ZREM', O, 'plan|'..wl)
  if st == 'P' then return {'OK'} end
  return advance()
end end

if ty == 'PLANFAIL' then apply = function()   -- only while that plan is what the run waits for
  local k = tonumber(x[2])
  if not cur or x[1] ~= s.ep or k ~= n('planned') + 1 or k ~= n('step') or not cause_ok(x[3]) then return end
  c('UNLINK', key('p', k), key('s', k), key('d', k))
  set('pn', nil)
  set('pp', nil)
  set('pc', nil)
  return finish('failed', x[3])
end end

if ty == 'TERM' then apply = function()
  local ep, k, j, token, many = x[1], tonumber(x[2]), x[3], x[4], counts(6)
  if x[5] == '1' then set('z', math.max(n('z'), clock())) end -- a sent call without an answer may still land
  if ep ~= s.ep or not k or k > n('open') or not many then return end
  local left, due, l = c('SCARD', key('p', k)), c('ZCARD', key('d', k)), c('HGET', key('l', k), j)
  if left == 1 and not waiting then load_rest() end           -- it may be the last one
  local own = l and string.match(l, '([^|]*)$') == token
  if own then c('HDEL', key('l', k), j) end                   -- ITS lease only, known by its token: attempts are counted anew after a wipe
  local pending = c('SREM', key('p', k), j) == 1
  if not l or own then due = due - c('ZREM', key('d', k), j) end
  if st == 'R' then
    regate(k, due == 0)
    if own and k < n('step') and n('open') == n('step') then regate(n('step')) end
  end
  if not pending then return end
  count(many)
  if k == n('step') and left == 1 then                        -- this was the last one
    local i, delay = 0, 0
    for d in string.gmatch(s.delays..',', '(%d*),') do
      if i == k then delay = tonumber(d) or 0 end
      i = i + 1
    end
    set('gate', ts + delay)
    if st == 'R' then return advance() end
  end
  return {'OK'}
end end

-- Controls carry an id: a copy that comes again after its opposite must not act.
local function heard(id)
  if not word(id, NAME) then return true end
  local ids = s.ids or ''
  if string.find(','..ids..',', ','..id..',', 1, true) then return true end
  ids = ids == '' and id or ids..','..id
  local _, commas = string.gsub(ids, ',', '')
  if commas >= CONTROLS then ids = string.match(ids, '^[^,]*,(.*)$') end
  set('ids', ids)
  return false
end

-- Of the current run, its successor, or a waiting request
if ty == 'PAUSE' or ty == 'RESUME' or ty == 'CANCEL' then apply = function()
  if heard(x[1]) then return end
  local run, cause = x[2], ({cancelled = 1, expired = 1, deadline = 1})[x[3]] and x[3] or 'cancelled'
  if run == s.qrun then
    if ty == 'CANCEL' then unqueue(cause) else set('qp', ty == 'PAUSE' and '1' or nil) end
    return {'OK'}
  elseif run == s.run then
    if not cur then return end
    if ty == 'CANCEL' then
      over()
      set('why', cause)
      return drain()
    end
    if ty == 'PAUSE' and st == 'R' then
      set('dleft', math.max(0, tonumber(c('ZSCORE', O, 'deadline|'..wl)) - ts))
      owe('deadline|'..wl, ts + n('pm') * 1000)
      set('st', 'P')
      quiet()
      return {'OK'}
    end
    if ty == 'RESUME' and st == 'P' then
      owe('deadline|'..wl, ts + n('dleft'))
      set('dleft', nil)
      set('st', 'R')
      for k = 0, n('open') do regate(k) end
      local reply = advance()
      if reply[1] == 'OK' then return {'OPEN', n('step')} end
      return reply
    end
    return
  end
  local all = c('HGETALL', A)
  for i = 1, #all, 2 do
    local act, busy, p, who, text = string.match(all[i + 1], '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$')
    if who == run then
      if ty == 'CANCEL' then
        answer(all[i])
        result(run, cause)
      else
        c('HSET', A, all[i], act..'|'..busy..'|'..(ty == 'PAUSE' and '1' or '')..'|'..run..'|'..text)
      end
      return {'OK'}
    end
  end
end end

if ty == 'HOLD' then apply = function()   -- a hold replaces only itself; until|bytes of tier|tier and instance: these may hold any byte
  if heard(x[1]) then return end
  local _, id, till, tier, inst = unpack(x)
  if not word(id, ID) or #till > 15 or not string.find(till, '^%d+$') or #tier > TEXT or #inst > NAME then return end
  local h, val = c('HGET', W, 'h:'..id), till..'|'..#tier..'|'..tier..inst
  if h == val then return end
  if not h then
    local all, held, past = c('HGETALL', W), 0, {}
    for i = 1, #all, 2 do
      if string.sub(all[i], 1, 2) == 'h:' then
        held = held + 1
        if tonumber(string.match(all[i + 1], '^%d+')) <= ts then past[#past + 1] = all[i] end
      end
    end
    if held >= HOLDS then                   -- full: those that are over make room
      if #past == 0 then return end
      for _, f in ipairs(past) do set(f, nil) end
    end
  end
  set('h:'..id, val)
  set('hv', math.max(n('hv'), 0) + 1)
  return {'OK'}
end end

if ty == 'UNHOLD' then apply = function()
  if heard(x[1]) then return end
  if c('HEXISTS', W, 'h:'..x[2]) == 0 then return end
  set('h:'..x[2], nil)
  set('hv', n('hv') + 1)
  return {'OK'}
end end

if ty == 'FIN' then apply = function()
  if c('ZREM', O, 'finish|'..wl..'|'..x[1]) == 0 then return end
  set('nf', n('nf') - 1)
  return {'OK'}
end end

local reply = KNOWN[ty] and #x >= KNOWN[ty] and apply() or {'IGN'}
set('last', off)
local hset, hdel = {}, {}
for k in pairs(dirty) do
  if s[k] == nil then
    hdel[#hdel + 1] = k
  else
    hset[#hset + 1] = k
    hset[#hset + 1] = s[k]
  end
end
c('HSET', W, unpack(hset))
if #hdel > 0 then c('HDEL', W, unpack(hdel)) end
-- A snapshot holds no request, no run and no debt, so it is owed only at rest; snap() clears it.
if at_rest((s.st or 'I') == 'I' and c('HLEN', A)) then
  c('ZADD', O, 'NX', ts, 'snap|'..wl)
elseif rested then
  c('ZREM', O, 'snap|'..wl)
end
c('HSET', V, 'applied', off)
return reply
