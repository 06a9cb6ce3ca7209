-- What admit, hold and assign_next share: whether an applicant may have one hold more. And the whole way of a new
-- hold where its pool is on the shard's own server: admitted, done and settled in one step, so that nothing of it
-- can get lost in between, and its answer kept with its id.

-- The day of an operator's holds.
local function today(s)
  return floor((s.now + LOCAL_OFFSET_MS) / DAY_MS)
end

-- How many holds an operator has made today.
local function holds_today(s, value)
  if not value then
    return 0
  end
  local day, count = unpack_bytes('<I4I2', value)
  return day == today(s) and count or 0
end

-- Reads the days of the operators of a batch; most holds have none.
local function read_days(s, operators)
  local named = {}
  for i = 1, #operators do
    if operators[i] ~= '' then
      named[#named + 1] = operators[i]
    end
  end
  if #named > 0 then
    s.days_read = read_fields(s.days_key, named)
  end
end

-- Why an applicant may not have one hold more, and when asking again may help; nil if he may. `count` of his permits
-- live, `earliest` is the first that ends, and `day` is what is known of his operator's day.
local function permit_refusal(s, request, count, earliest, day)
  local limit = s.limits[request.kind]
  if count >= limit then
    return OUTCOME.limit_reached, max(earliest, s.now)
  end
  if request.operator ~= '' and holds_today(s, day) >= s.operator_cap then
    return OUTCOME.operator_cap_reached, (today(s) + 1) * DAY_MS - LOCAL_OFFSET_MS
  end
end

-- Takes a permit, beside those that live, and counts the hold in the operator's day.
local function take_permit(s, request, alive)
  local operator = request.operator
  if operator ~= '' then
    local held = holds_today(s, s.days[operator] or s.days_read[operator])
    put_change(s, 'days', operator, pack('<I4I2', today(s), held + 1))
  end
  set_permits(s, request.applicant, alive .. request.id .. pack('<I6B', s.permit_deadline, 1))
end

-- The answer that was given to the same request before, or nil if it is to be judged.
local function repeated_answer(s, request, known)
  if sub(known, 1, 8) ~= request.digest then
    return shard_answer(OUTCOME.request_id_reused, request.ordinal, s.now, 0)
  end
  local code, at, time = unpack_bytes('<BI6I6', known, 9)
  if code == VERDICT_ANSWERED then
    return sub(known, ANSWER_AT)
  end
  if code ~= VERDICT_CLAIMED and code ~= VERDICT_ADMITTED then
    return shard_answer(code, request.ordinal, at, time)
  end
  -- It came by way of another server (admit, then hold) and its pool has answered it there.
  return s.answered_apart[request.id]
end

-- The permits of an applicant without that of a hold, which is judged anew.
local function without_permit(permits, id)
  local place = find_permit(permits, id)
  return place and sub(permits, 1, place - 1) .. sub(permits, place + PERMIT_BYTES) or permits
end

-- Remembers what a request was told. A hold that was told "not now" keeps its id's meaning and is judged afresh.
local function remember(s, request, answer, final, deadline)
  if final then
    set_claim(s, request.id, request.digest .. verdict(VERDICT_ANSWERED, s.now, deadline) .. answer)
  else
    set_claim(s, request.id, request.digest .. verdict(VERDICT_CLAIMED, s.now, 0))
  end
end

-- Admits a request, has it done by `reserve`, and settles its permit: the answer.
local function admit_and_answer(b, s, request, read, permits_read, reserve)
  local known = claim_now(s, request.id, read)
  local applicant = request.applicant
  local permits = s.permits[applicant] or permits_read or ''
  local answer = known and repeated_answer(s, request, known)
  if answer then
    local alive = live_permits(s, permits)
    if alive ~= permits and byte(answer) ~= OUTCOME.request_id_reused and byte(known, 9) == VERDICT_ANSWERED then
      set_permits(s, applicant, alive)
    end
    return answer
  end
  local alive, count, earliest = live_permits(s, known and without_permit(permits, request.id) or permits)
  local deadline = 0
  if request.kind ~= 0 then
    local day = s.days[request.operator] or s.days_read[request.operator]
    local refusal, retry_at = permit_refusal(s, request, count, earliest, day)
    if refusal then
      set_claim(s, request.id, request.digest .. verdict(refusal, s.now, retry_at))
      return shard_answer(refusal, request.ordinal, s.now, retry_at)
    end
    deadline = s.permit_deadline
  end
  local final
  answer, final = reserve(b, request, deadline)
  if byte(answer) == OUTCOME.held then
    take_permit(s, request, alive)
  else
    deadline = 0
    -- What has healed is forgotten with this change, so that a doubt about the clock does not bring it back.
    if alive ~= permits then
      set_permits(s, applicant, alive)
    end
  end
  remember(s, request, answer, final, deadline)
  return answer
end

-- Answers that the pool keeps for requests which came by way of another server; `ids` follow `first` in a list.
local function read_answered_apart(b, s, list, first, claims)
  local apart = NOTHING
  for i = 1, #claims do
    local claim = claims[i]
    if claim and byte(claim, 9) == VERDICT_ADMITTED then
      apart = apart == NOTHING and {} or apart
      apart[#apart + 1] = list[first + i]
    end
  end
  if #apart > 0 then
    local answered = {}
    local found = redis.call('HMGET', b.keys[2], unpack(apart))
    for i = 1, #apart do
      answered[apart[i]] = found[i] and sub(found[i], 9)
    end
    s.answered_apart = answered
  end
end

-- Writes what new holds have changed in the shard.
local function write_admissions(s, moment)
  write_changes(s.permits_key, s.permits, s.given)
  write_changes(s.days_key, s.days)
  write_claims(s, moment)
end
