-- admit: claims request ids for new holds, and takes a permit for each.
--
-- Keys       1 conf  2 ids  3 due_ids  4 permits  5 operator_days
-- Arguments  one a claim: id 16, digest 8, applicant 16, applicant kind u8 (0: there is none, and no permit),
--            operator (empty: none does it)
-- Reply      one a claim: verdict u8, at_ms u48, time u48. A verdict is admitted (250; the time is the permit's
--            deadline), claimed (0), again (251), or the outcome of a refusal (the time is when asking again may help)
-- Outcomes   request_id_reused, limit_reached, operator_cap_reached, admitted: the first that applies
-- Flags      none: it comes before holds only, and stops with them when memory is full
--
-- A claim that would be refused only for permits that earlier claims of this call have taken is not judged:
-- those may come back when their holds are refused. It and all after it come back as `again`, and a batch so
-- equals its items sent singly.

-- How many holds an operator has made today.
local function holds_today(s, value)
  if not value then
    return 0
  end
  local day, count = unpack_bytes('<I4I2', value)
  return day == s.today and count or 0
end

local function verdict(code, at, time)
  return pack('<BI6I6', code, at, time)
end

-- Claims an id with a verdict, and gives the verdict.
local function claim(s, id, digest, told)
  set_claim(s, id, digest .. told)
  return told
end

-- A claim that was made before: the same verdict, and one more pass that the permit waits for.
local function repeated(s, id, claimed, applicant, permits)
  local code, at, time = unpack_bytes('<BI6I6', claimed, 9)
  if code == VERDICT_ADMITTED then
    local alive = live_permits(s, permits)
    local place = find_permit(alive, id)
    if place then
      local open = min(byte(alive, place + 22) + 1, 255)
      alive = sub(alive, 1, place + 21) .. char(open) .. sub(alive, place + 23)
    end
    if alive ~= permits then
      set_permits(s, applicant, alive)
    end
  end
  return verdict(code, at, time)
end

-- Judges one claim; `read` is what was read of its id, `before` of its applicant's permits.
local function admit_one(s, id, digest, applicant, kind, operator, read, before)
  local claimed = claim_now(s, id, read)
  if claimed and sub(claimed, 1, 8) ~= digest then
    return verdict(OUTCOME.request_id_reused, s.now, 0)
  end
  before = before or ''
  local permits = s.permits[applicant] or before
  if claimed and byte(claimed, 9) ~= VERDICT_CLAIMED then
    return repeated(s, id, claimed, applicant, permits)
  end
  if kind == 0 then
    return claim(s, id, digest, verdict(VERDICT_CLAIMED, s.now, 0))
  end
  local alive, count, earliest = live_permits(s, permits)
  local limit = s.limits[kind]
  if count >= limit then
    local _, count_before = live_permits(s, before)
    if count_before < limit then
      return nil
    end
    return claim(s, id, digest, verdict(OUTCOME.limit_reached, s.now, max(earliest, s.now)))
  end
  if operator ~= '' then
    local held = holds_today(s, s.days[operator] or s.days_read[operator])
    if held >= s.operator_cap then
      if holds_today(s, s.days_read[operator]) < s.operator_cap then
        return nil
      end
      local midnight = (s.today + 1) * DAY_MS - LOCAL_OFFSET_MS
      return claim(s, id, digest, verdict(OUTCOME.operator_cap_reached, s.now, midnight))
    end
    if not s.days[operator] then
      s.operators[#s.operators + 1] = operator
    end
    s.days[operator] = pack('<I4I2', s.today, held + 1)
  end
  set_permits(s, applicant, alive .. id .. s.permit)
  return claim(s, id, digest, s.admitted)
end

-- Takes a batch apart: ids, digests, applicants, their kinds, operators.
local function take_apart(items)
  local ids, digests, applicants, kinds, operators = {}, {}, {}, {}, {}
  for i = 1, #items do
    local item = items[i]
    local id, digest, applicant, kind, at = unpack_bytes('<c16c8c16B', item)
    ids[i], digests[i], applicants[i], kinds[i] = id, digest, applicant, kind
    operators[i] = #item < at and '' or sub(item, at)
  end
  return ids, digests, applicants, kinds, operators
end

-- Reads the days of the operators of a batch; most holds have none.
local function read_days(key, operators)
  local named = {}
  for i = 1, #operators do
    if operators[i] ~= '' then
      named[#named + 1] = operators[i]
    end
  end
  return read_fields(key, named)
end

-- The bytes that all admissions of one call have in common: they are said now, and their permits end together.
local function share_bytes(s)
  local deadline = s.now + s.permit_ms[1]
  s.admitted, s.permit = verdict(VERDICT_ADMITTED, s.now, deadline), pack('<I6B', deadline, 1)
end

register('admit', function(keys, items)
  check_batch(items)
  local s = open_shard(keys)
  s.today = floor((s.now + LOCAL_OFFSET_MS) / DAY_MS)
  share_bytes(s)
  local ids, digests, applicants, kinds, operators = take_apart(items)
  local claims, permits = redis.call('HMGET', keys[2], unpack(ids)), redis.call('HMGET', keys[4], unpack(applicants))
  s.days_read = read_days(keys[5], operators)
  local out = s.out
  for i = 1, #items do
    local answer = admit_one(s, ids[i], digests[i], applicants[i], kinds[i], operators[i], claims[i], permits[i])
    if not answer then
      out[i] = string.rep(verdict(VERDICT_AGAIN, s.now, 0), #items - i + 1)
      break
    end
    out[i] = answer
  end
  write_fields(keys[4], s.applicants, s.permits)
  write_fields(keys[5], s.operators, s.days)
  write_claims(s)
  return concat(out)
end)
