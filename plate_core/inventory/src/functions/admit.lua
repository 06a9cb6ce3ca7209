-- admit: claims request ids for new holds, and takes a permit for each, where the pool is on another server. On one
-- server hold and assign_next do this themselves.
--
-- Keys       1 conf  2 ids  3 due_ids  4 permits  5 operator_days
-- Arguments  one a claim: id 16, digest 8, applicant 16, applicant kind u8 (0: there is none, and no permit),
--            operator (empty: none does it)
-- Reply      one a claim: verdict u8, at_ms u48, time u48. A verdict is admitted (250; the time is the permit's
--            deadline), claimed (0), again (251), answered (253; then comes the answer's length u16 and the answer),
--            or the outcome of a refusal (the time is when asking again may help)
-- Outcomes   request_id_reused, limit_reached, operator_cap_reached, admitted: the first that applies
-- Flags      none: it comes before holds only, and stops with them when memory is full
--
-- A claim that would be refused only for permits that earlier claims of this call have taken is not judged:
-- those may come back when their holds are refused. It and all after it come back as `again`, and a batch so
-- equals its items sent singly.

-- Claims an id with a verdict, and gives the verdict.
local function claim(s, id, digest, told)
  set_claim(s, id, digest .. told)
  return told
end

-- A claim that was made before: the same verdict, and one more pass that the permit waits for.
local function repeated(s, request, claimed, permits)
  local code, at, time = unpack_bytes('<BI6I6', claimed, 9)
  if code == VERDICT_ANSWERED then
    return verdict(code, at, time) .. part(sub(claimed, ANSWER_AT))
  end
  if code == VERDICT_ADMITTED then
    local alive = live_permits(s, permits)
    local place = find_permit(alive, request.id)
    if place then
      local open = min(byte(alive, place + 22) + 1, 255)
      alive = sub(alive, 1, place + 21) .. char(open) .. sub(alive, place + 23)
    end
    if alive ~= permits then
      set_permits(s, request.applicant, alive)
    end
  end
  return verdict(code, at, time)
end

-- Judges one claim; `read` is what was read of its id, `before` of its applicant's permits.
local function admit_one(s, request, read, before)
  local id, digest, operator = request.id, request.digest, request.operator
  local claimed = claim_now(s, id, read)
  if claimed and sub(claimed, 1, 8) ~= digest then
    return verdict(OUTCOME.request_id_reused, s.now, 0)
  end
  before = before or ''
  local permits = s.permits[request.applicant] or before
  if claimed and byte(claimed, 9) ~= VERDICT_CLAIMED then
    return repeated(s, request, claimed, permits)
  end
  if request.kind == 0 then
    return claim(s, id, digest, verdict(VERDICT_CLAIMED, s.now, 0))
  end
  local alive, count, earliest = live_permits(s, permits)
  local refusal, retry_at = permit_refusal(s, request, count, earliest, s.days[operator] or s.days_read[operator])
  if refusal then
    local _, count_before, earliest_before = live_permits(s, before)
    if permit_refusal(s, request, count_before, earliest_before, s.days_read[operator]) ~= refusal then
      return nil
    end
    return claim(s, id, digest, verdict(refusal, s.now, retry_at))
  end
  take_permit(s, request, alive)
  return claim(s, id, digest, verdict(VERDICT_ADMITTED, s.now, s.permit_deadline))
end

-- Takes a batch apart: the requests, and their ids, applicants and operators.
local function take_apart(items)
  local requests, ids, applicants, operators = {}, {}, {}, {}
  for i = 1, #items do
    local id, digest, applicant, kind, at = unpack_bytes('<c16c8c16B', items[i])
    ids[i], applicants[i], operators[i] = id, applicant, sub(items[i], at)
    requests[i] = { id = id, digest = digest, applicant = applicant, kind = kind, operator = operators[i] }
  end
  return requests, ids, applicants, operators
end

register('admit', function(keys, items)
  check_batch(items)
  local s = open_shard(keys, 1, clock(keys))
  local requests, ids, applicants, operators = take_apart(items)
  local claims, permits = redis.call('HMGET', keys[2], unpack(ids)), redis.call('HMGET', keys[4], unpack(applicants))
  read_days(s, operators)
  local out = {}
  for i = 1, #items do
    local answer = admit_one(s, requests[i], claims[i], permits[i])
    if not answer then
      out[i] = string.rep(verdict(VERDICT_AGAIN, s.now, 0), #items - i + 1)
      break
    end
    out[i] = answer
  end
  write_admissions(s, pack('<I6', s.now))
  return concat(out)
end)
