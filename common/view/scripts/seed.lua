-- seed - build a lost view, from idle snapshots and a position of the log.
-- protocol.md 4.4 ("seed") and 4.11. In the model: the loss of Redis, after which the coordinator folds again.
--
-- KEYS  P
-- ARGV  BEGIN nonce force | DROP nonce key... | WL nonce workload asof json({w={},r={}}) | END nonce L hw ttl taws G
--       force: '1' = the view exists but is not to be trusted; G: the log's generation, '' = what BEGIN kept, else 0
-- ->    1 | 0 why ...
--
-- Only the latest BEGIN's nonce may write, and only END writes `applied`: a crash, or a second leader, in between
-- leaves no view.
local P, c = KEYS[1], redis.call
local FV = '1'            -- version of the fold's rules, the same in fold and beat
local V, mode, nonce = P..':v', ARGV[1], ARGV[2]
local v = c('HMGET', V, 'applied', 'seed', 'log')

if mode == 'BEGIN' then
  if v[1] and ARGV[3] ~= '1' then return {0, 'view', v[1]} end
  c('UNLINK', V, P..':gates', P..':owed')
  c('HSET', V, 'seed', nonce)
  if v[3] then c('HSET', V, 'log', v[3]) end
  return {1}
end
if v[1] then return {0, 'view', v[1]} end
if v[2] ~= nonce then return {0, 'another leader seeds'} end

if mode == 'DROP' then
  for i = 3, #ARGV do
    if ARGV[i] ~= V and string.sub(ARGV[i], 1, #P + 1) == P..':' then c('UNLINK', ARGV[i]) end
  end
  return {1}
end

if mode == 'WL' then
  local wl, asof, d = ARGV[3], tonumber(ARGV[4]), cjson.decode(ARGV[5])
  local W = P..':w:'..wl
  local woff = tonumber(c('HGET', W, 'woff') or '-1')
  if not asof then return redis.error_reply('ERR seed: asof is a number') end
  if asof < woff then return {0, 'older snapshot', woff} end
  local was = tonumber(c('HGET', W, 'cnt') or '0')
  c('UNLINK', W, P..':a:'..wl, P..':r:'..wl)
  for f, x in pairs(d.w) do c('HSET', W, f, x) end
  for f, x in pairs(d.r) do c('HSET', P..':r:'..wl, f, x) end
  c('HSET', W, 'st', 'I', 'woff', asof)
  c('HDEL', W, 'z', 'clr')
  c('HINCRBY', V, 'runs', tonumber(d.w.cnt or 0) - was)
  return {1}
end

local L, hw, ttl, taws, gen = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] or ''
if mode ~= 'END' or not (L and hw and ttl and taws) or string.find(gen, '%D') then return redis.error_reply('ERR seed') end
c('HSETNX', V, 'runs', 0)
c('HDEL', V, 'seed')
c('HSET', V, 'since', ARGV[4], 'ttl', ARGV[5], 'taws', ARGV[6], 'inc', '', 'fv', FV, 'log', gen ~= '' and gen or v[3] or '0',
  'applied', L - 1)
return {1}
