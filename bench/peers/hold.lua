-- hold: reserves one mark for one applicant.
--
-- Keys       1 mark  2 request  3 holds of the applicant  4 pool
-- Arguments  1 digest of the request  2 applicant  3 tariff  4 amount in tiyn  5 how long a hold lasts, ms
--            6 how many holds an applicant may have  7 how long an answer is remembered, ms
-- Reply      digest|outcome|revision|server ms|deadline ms
-- Outcomes   request_id_reused, tariff_changed, held_by_you, held_by_another, limit_reached, held
local known = redis.call('GET', KEYS[2])
if known then
  if string.sub(known, 1, #ARGV[1]) == ARGV[1] then
    return known
  end
  return ARGV[1] .. '|request_id_reused|0|0|0'
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function answer(outcome, revision, deadline)
  local text = string.format('%s|%s|%s|%.0f|%.0f', ARGV[1], outcome, revision, now, deadline)
  redis.call('SET', KEYS[2], text, 'PX', ARGV[7])
  return text
end

local pool = redis.call('HMGET', KEYS[4], 'tariff', 'revision')
local revision = pool[2] or '0'
if pool[1] ~= ARGV[3] then
  return ARGV[1] .. '|tariff_changed|' .. revision .. '|0|0'
end
local holder = redis.call('HGET', KEYS[1], 'applicant')
if holder then
  return answer(holder == ARGV[2] and 'held_by_you' or 'held_by_another', revision, 0)
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[6]) then
  return answer('limit_reached', revision, 0)
end

local deadline = now + tonumber(ARGV[5])
revision = redis.call('HINCRBY', KEYS[4], 'revision', 1)
redis.call(
  'HSET', KEYS[1], 'applicant', ARGV[2], 'tariff', ARGV[3], 'amount', ARGV[4], 'revision', revision, 'deadline', deadline
)
redis.call('PEXPIREAT', KEYS[1], deadline)
redis.call('ZADD', KEYS[3], deadline, KEYS[1])
redis.call('PEXPIREAT', KEYS[3], deadline)
return answer('held', revision, deadline)
