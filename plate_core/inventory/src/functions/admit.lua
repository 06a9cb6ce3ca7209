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
local function claim(s, id, digest, code, time)
  set_claim(s, id, pack('<c8BI6I6', digest, code, s.now, time))
  return verdict(code, s.now, time)
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

local function admit_one(s, item, read)
  local id, digest, applicant, kind, at = unpack_bytes('<c16c8c16B', item)
  local operator = sub(item, at)
  local claimed = claim_now(s, id, read.claims[id])
  if claimed and sub(claimed, 1, 8) ~= digest then
    return verdict(OUTCOME.request_id_reused, s.now, 0)
  end
  local before = read.permits[applicant] or ''
  local permits = s.permits[applicant] or before
  if claimed and byte(claimed, 9) ~= VERDICT_CLAIMED then
    return repeated(s, id, claimed, applicant, permits)
  end
  if kind == 0 then
    return claim(s, id, digest, VERDICT_CLAIMED, 0)
  end
  local alive, count, earliest = live_permits(s, permits)
  local limit = s.limits[kind]
  if count >= limit then
    local _, count_before = live_permits(s, before)
    if count_before < limit then
      return nil
    end
    return claim(s, id, digest, OUTCOME.limit_reached, max(earliest, s.now))
  end
  if operator ~= '' then
    local held = holds_today(s, s.days[operator] or read.days[operator])
    if held >= s.operator_cap then
      if holds_today(s, read.days[operator]) < s.operator_cap then
        return nil
      end
      local midnight = (s.today + 1) * DAY_MS - LOCAL_OFFSET_MS
      return claim(s, id, digest, OUTCOME.operator_cap_reached, midnight)
    end
    if not s.days[operator] then
      s.operators[#s.operators + 1] = operator
    end
    s.days[operator] = pack('<I4I2', s.today, held + 1)
  end
  local deadline = s.now + s.permit_ms[1]
  set_permits(s, applicant, alive .. pack('<c16I6B', id, deadline, 1))
  return claim(s, id, digest, VERDICT_ADMITTED, deadline)
end

-- Reads what is known of the ids, applicants and operators of a batch.
local function read_batch(s, items)
  local ids, applicants, operators = {}, {}, {}
  for i = 1, #items do
    local id, _, applicant, _, at = unpack_bytes('<c16c8c16B', items[i])
    ids[i], applicants[i] = id, applicant
    if #items[i] >= at then
      operators[#operators + 1] = sub(items[i], at)
    end
  end
  local keys = s.keys
  return {
    claims = read_fields(keys[2], ids),
    permits = read_fields(keys[4], applicants),
    days = read_fields(keys[5], operators),
  }
end

register('admit', function(keys, items)
  check_batch(items)
  local s = open_shard(keys)
  s.today = floor((s.now + LOCAL_OFFSET_MS) / DAY_MS)
  local read = read_batch(s, items)
  local out = s.out
  for i = 1, #items do
    local answer = admit_one(s, items[i], read)
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
