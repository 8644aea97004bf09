-- published - what became of the last deliveries of an epoch's jobs: where they lie, and how often each was claimed. Reads only.
-- protocol.md 4.7: a published but unclaimed job is published again only if the workers have read past it.
--
-- KEYS  P
-- ARGV  ep job...   (at most 1,000 jobs)
-- ->    two words a job, in order: part:off, '' if it was never delivered; claims so far
local P, c = KEYS[1], redis.call
local MOST = 1000         -- jobs of one call
if #ARGV < 2 or #ARGV > MOST + 1 then return redis.error_reply('ERR published: 1..1000 jobs') end
local ep, jobs = ARGV[1], {}
for i = 2, #ARGV do jobs[#jobs + 1] = ARGV[i] end
local where, att, out = c('HMGET', P..':pub:'..ep, unpack(jobs)), c('HMGET', P..':n:'..ep, unpack(jobs)), {}
for i = 1, #jobs do
  out[#out + 1] = where[i] or ''
  out[#out + 1] = att[i] or '0'
end
return out
