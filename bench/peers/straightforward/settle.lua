-- A payment came.
-- KEYS: the mark, the payment, the applicant's holds.
-- ARGV: hold id, transaction, amount, now ms, mark.
-- Answers: {"allotted"} or {"refund_due"}, the same for the same transaction.
local known = redis.call('HGET', KEYS[2], 'outcome')
if known then return {known} end
local mark = redis.call('HMGET', KEYS[1], 'state', 'hold', 'amount', 'deadline', 'revision')
local outcome = 'refund_due'
if mark[1] == 'paying' and mark[2] == ARGV[1] and mark[3] == ARGV[3] and tonumber(mark[4]) > tonumber(ARGV[4]) then
  outcome = 'allotted'
  redis.call('HSET', KEYS[1], 'state', 'allotted', 'revision', tostring(tonumber(mark[5]) + 1))
  redis.call('ZREM', KEYS[3], ARGV[5])
end
redis.call('HSET', KEYS[2], 'outcome', outcome, 'amount', ARGV[3], 'hold', ARGV[1])
return {outcome}
