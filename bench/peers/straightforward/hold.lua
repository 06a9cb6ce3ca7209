-- Hold a mark.
-- KEYS: the mark, the request's answer, the applicant's holds (sorted by deadline).
-- ARGV: hold id, applicant, amount, now ms, deadline ms, live holds at most, how long answers are kept (s), mark.
-- Answers: {"held", revision, deadline} or {refusal}.
local answered = redis.call('HMGET', KEYS[2], 'hold', 'revision', 'deadline')
if answered[1] then return {'held', answered[2], answered[3], answered[1]} end
local now = tonumber(ARGV[4])
local mark = redis.call('HMGET', KEYS[1], 'state', 'deadline', 'revision')
if mark[1] == 'allotted' or (mark[1] and tonumber(mark[2]) > now) then return {'held_by_another'} end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[6]) then return {'limit_reached'} end
local revision = tostring((tonumber(mark[3]) or 0) + 1)
redis.call('HSET', KEYS[1], 'state', 'held', 'hold', ARGV[1], 'applicant', ARGV[2], 'amount', ARGV[3],
  'deadline', ARGV[5], 'revision', revision)
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[8])
redis.call('HSET', KEYS[2], 'hold', ARGV[1], 'revision', revision, 'deadline', ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[7])
return {'held', revision, ARGV[5], ARGV[1]}
