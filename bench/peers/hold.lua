-- hold: reserves one mark for one applicant, once a request, and writes down what happened.
--
-- Keys       1 pool  2 requests  3 due_requests  4 permits of the applicant  5 mark  6 issued  7 withheld
--            8 cooldowns  9 due_cooldowns  10 due_holds  11 feed
-- Arguments  1 request id  2 digest of what is asked  3 ordinal of the mark  4 applicant  5 number of the key
--            behind that pseudonym  6 actor  7 office  8 channel  9 tariff  10 amount in tiyn
-- Reply      outcome|revision|server ms|deadline ms|ms from which asking again may help
-- Outcomes   request_id_reused, pool_unknown, limit_reached, pool_paused, holds_stopped, not_open,
--            feed_backlogged, mark_withheld, mark_issued, mark_allotted, held_by_you, held_by_another,
--            cooling_down, tariff_changed, held: the first that applies
--
-- Every deadline is a field, judged by the server's clock, with an index by which a sweeper finds it. A native TTL
-- would give marks away when that clock jumps.
local request, digest, ordinal, applicant = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local known = redis.call('HGET', KEYS[2], request)
if known then
  local asked, forget_ms, answer = string.match(known, '^(%x+)|(%d+)|(.*)$')
  if tonumber(forget_ms) > now then
    if asked ~= digest then
      return 'request_id_reused|0|' .. now .. '|0|0'
    end
    if answer ~= '' then
      return answer
    end
  end
end

local terms = redis.call(
  'HMGET', KEYS[1], 'revision', 'tariff', 'next_tariff', 'next_from_ms', 'opens_at_ms', 'paused', 'holds_stopped',
  'hold_ms', 'live_holds_max', 'cooldown_ms', 'retention_ms', 'trimmed', 'feed_backlog_max'
)
local revision, tariff, next_from_ms = tonumber(terms[1] or 0), terms[2], tonumber(terms[4])
if not tariff then
  return 'pool_unknown|0|' .. now .. '|0|0'
end

-- A refusal that lies in the moment keeps the request id for what was asked, and is judged afresh next time.
local function keep(answer, until_ms)
  local forget_ms = until_ms + tonumber(terms[11])
  redis.call('HSET', KEYS[2], request, digest .. '|' .. forget_ms .. '|' .. answer)
  redis.call('ZADD', KEYS[3], forget_ms, request)
end

local function refuse(outcome, retry_ms)
  local answer = outcome .. '|' .. revision .. '|' .. now .. '|0|' .. (retry_ms or 0)
  keep(answer, now)
  return answer
end

local function not_now(outcome, retry_ms)
  keep('', now)
  return outcome .. '|' .. revision .. '|' .. now .. '|0|' .. (retry_ms or 0)
end

local most = tonumber(terms[9])
local live = redis.call('ZRANGEBYSCORE', KEYS[4], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, most)
if #live >= 2 * most then
  return refuse('limit_reached', live[2])
end

if terms[6] == '1' then
  return not_now('pool_paused')
elseif terms[7] == '1' then
  return not_now('holds_stopped')
elseif now < tonumber(terms[5]) then
  return not_now('not_open', terms[5])
elseif revision - tonumber(terms[12] or 0) >= tonumber(terms[13]) then
  return not_now('feed_backlogged')
end

if redis.call('GETBIT', KEYS[7], ordinal) == 1 then
  return refuse('mark_withheld')
elseif redis.call('GETBIT', KEYS[6], ordinal) == 1 then
  return refuse('mark_issued')
end

local record = redis.call('HMGET', KEYS[5], 'state', 'applicant', 'deadline_ms', 'request')
if record[1] and record[1] ~= 'held' then
  return refuse('mark_allotted')
elseif record[1] and tonumber(record[3]) > now then
  return refuse(record[2] == applicant and 'held_by_you' or 'held_by_another', record[3])
elseif record[1] then
  -- Its time is over, and the sweeper was not here yet: it expires in passing.
  local cool_ms = now + tonumber(terms[10])
  revision = redis.call('HINCRBY', KEYS[1], 'revision', 1)
  redis.call(
    'XADD', KEYS[11], revision .. '-0', 'verb', 'expire', 'at_ms', now, 'ordinal', ordinal, 'request', record[4]
  )
  redis.call('DEL', KEYS[5])
  redis.call('ZREM', KEYS[10], ordinal)
  redis.call('HSET', KEYS[8], record[2] .. '|' .. ordinal, cool_ms)
  redis.call('ZADD', KEYS[9], cool_ms, record[2] .. '|' .. ordinal)
end

local cool_ms = redis.call('HGET', KEYS[8], applicant .. '|' .. ordinal)
if cool_ms and tonumber(cool_ms) > now then
  return refuse('cooling_down', cool_ms)
end

local switched = next_from_ms and now >= next_from_ms
if ARGV[9] ~= (switched and terms[3] or tariff) then
  return not_now('tariff_changed')
end

local deadline = now + tonumber(terms[8])
if next_from_ms and not switched and next_from_ms < deadline then
  deadline = next_from_ms
end
revision = redis.call('HINCRBY', KEYS[1], 'revision', 1)
local held = {
  'state', 'held', 'request', request, 'revision', revision, 'held_at_ms', now, 'deadline_ms', deadline,
  'applicant', applicant, 'key_id', ARGV[5], 'actor', ARGV[6], 'office', ARGV[7], 'channel', ARGV[8],
  'tariff', ARGV[9], 'amount_tiyn', ARGV[10], 'acquired', 'chosen'
}
redis.call('HSET', KEYS[5], unpack(held))
redis.call('ZADD', KEYS[4], deadline, request)
redis.call('ZADD', KEYS[10], deadline, ordinal)
redis.call('XADD', KEYS[11], revision .. '-0', 'verb', 'hold', 'ordinal', ordinal, 'digest', digest, unpack(held))
local answer = 'held|' .. revision .. '|' .. now .. '|' .. deadline .. '|0'
keep(answer, deadline)
return answer
