-- Begin to pay for a hold.
-- KEYS: the mark, the request's answer.
-- ARGV: hold id, applicant, revision, now ms, deadline ms, how long answers are kept (s).
-- Answers: {"payment_begun", revision, deadline, amount} or {refusal}.
local answered = redis.call('HMGET', KEYS[2], 'revision', 'deadline', 'amount')
if answered[1] then return {'payment_begun', answered[1], answered[2], answered[3]} end
local mark = redis.call('HMGET', KEYS[1], 'state', 'hold', 'applicant', 'revision', 'deadline', 'amount')
if mark[2] ~= ARGV[1] or mark[3] ~= ARGV[2] then return {'not_held'} end
if tonumber(mark[5]) <= tonumber(ARGV[4]) then return {'hold_expired'} end
if mark[1] ~= 'held' then return {'payment_already_begun'} end
if mark[4] ~= ARGV[3] then return {'revision_stale'} end
local revision = tostring(tonumber(mark[4]) + 1)
redis.call('HSET', KEYS[1], 'state', 'paying', 'revision', revision, 'deadline', ARGV[5])
redis.call('HSET', KEYS[2], 'revision', revision, 'deadline', ARGV[5], 'amount', mark[6])
redis.call('EXPIRE', KEYS[2], ARGV[6])
return {'payment_begun', revision, ARGV[5], mark[6]}
