-- What hold and assign_next share: what stands between an applicant and a mark, and how a hold is given.
--
-- A request for a new hold has an id, a digest, an applicant, of a kind, and a tail: the rest of a record, which is
-- applicant kind u8, acquired u8, key id u8, channel u8, tariff 8, amount 8, office, actor, facts. `at_price` says
-- whether it was priced by the tariff in force, `ordinal` and `field` which mark it names, if it names one.

-- A packed answer that names the record which stands in the way; its own applicant is shown it.
local function standing_answer(b, ordinal, key, record)
  local state, _, _, deadline = unpack_bytes('<BBI6I6', record)
  local own = sub(record, 43, 58) == sub(key, 5, 20)
  if state > STATE.paying then
    if own then
      return record_answer_of(b, OUTCOME.mark_allotted, ordinal, record)
    end
    return plain_answer(b, OUTCOME.mark_allotted, ordinal)
  end
  if own then
    return record_answer_of(b, OUTCOME.held_by_you, ordinal, record)
  end
  return retry_answer(b, OUTCOME.held_by_another, ordinal, max(deadline, b.now))
end

-- A packed answer where the applicant must not hold this mark again yet, or nil.
local function cooling_answer(b, ordinal, note)
  local ended_at, day, count = unpack_bytes('<I6I4I2', note)
  if b.now < ended_at + b.cooldown then
    return retry_answer(b, OUTCOME.cooling_down, ordinal, ended_at + b.cooldown)
  end
  local today = floor((b.now + LOCAL_OFFSET_MS) / DAY_MS)
  if day == today and count >= b.same_mark_cap then
    local midnight = (today + 1) * DAY_MS - LOCAL_OFFSET_MS
    return retry_answer(b, OUTCOME.same_mark_cap_reached, ordinal, midnight)
  end
end

-- What stands between an applicant and a mark, apart from permit and price: a packed answer, or nil.
-- A lapsed record does not: it is expired in passing, whatever becomes of the item. `key` is mark and applicant.
local function mark_answer(b, ordinal, field, key, read, planes)
  if is_withheld(planes) or is_never_issued(b, ordinal) then
    return plain_answer(b, OUTCOME.mark_withheld, ordinal)
  end
  if is_issued(planes) then
    return plain_answer(b, OUTCOME.mark_issued, ordinal)
  end
  local record = record_now(b, field, read)
  if record then
    if not has_lapsed(b, record) then
      return standing_answer(b, ordinal, key, record)
    end
    expire_record(b, field, ordinal, record)
  end
  local note = b.notes[key] or b.cooldowns[key]
  return note and cooling_answer(b, ordinal, note)
end

-- What of the pool stands before a new hold: a packed answer that is not recorded, or nil.
local function hold_gate_answer(b, ordinal)
  local gate = b.hold_gate
  if gate == OUTCOME.not_open then
    return retry_answer(b, gate, ordinal, b.opens_at)
  end
  if gate then
    return plain_answer(b, gate, ordinal)
  end
  if b.revision >= b.backlog_at then
    return plain_answer(b, OUTCOME.feed_backlogged, ordinal)
  end
end

-- The tariff has changed: which one is in force now, if one is.
local function tariff_answer(b, ordinal)
  if not b.tariff then
    return plain_answer(b, OUTCOME.tariff_changed, ordinal)
  end
  return pack('<BBI4I6I6', OUTCOME.tariff_changed, 8, ordinal, b.revision, b.now) .. b.tariff
end

-- Until when a hold lasts that would last until `wanted`, and what said so. A hold never outlives its permit
-- and never passes a change of price: who pays later must not pay another price than was quoted.
local function cut_deadline(b, wanted, permit)
  local deadline, reason = wanted, REASON.ttl
  if permit < deadline then
    deadline, reason = permit, REASON.permit
  end
  if b.cut and b.cut < deadline then
    deadline, reason = b.cut, REASON.price_change
  end
  return deadline, reason
end

-- The bytes that the holds of one call have in common: they begin now, and mostly end together; of their revisions
-- only the lowest byte differs, but once in 256. Packing them once and not a hold each is a fifth of the time that
-- giving a hold takes.
local function shared_bytes(b, permit, revision)
  local shared, block = b.shared, revision - revision % 256
  if shared and shared.permit == permit and shared.block == block then
    return shared
  end
  local deadline, reason = cut_deadline(b, b.now + b.hold_ttl, permit)
  local now = b.now
  local packed = pack('<I6I6I6I6I6I6I6B', revision, deadline, now, permit, now, deadline, permit, reason)
  shared = {
    permit = permit, block = block, high = sub(packed, 2, 6), ends = sub(packed, 7, 12),
    -- For record and answer: high byte to permit, and begin to reason.
    times = sub(packed, 2, 24), terms = sub(packed, 25, 43),
    -- What a claim keeps beside the answer, and what a permit ends with.
    told = sub(packed, 13, 24), permitted = sub(packed, 37, 42),
  }
  b.shared = shared
  return shared
end

-- The length of a part as its two bytes: the records of one call are of few lengths.
local LENGTHS = {}
local function part_length(size)
  local packed = LENGTHS[size]
  if not packed then
    packed = pack('<I2', size)
    LENGTHS[size] = packed
  end
  return packed
end

-- Where the quote stands in the tail of a request: from key id to the end of the office, whose length is a byte.
local QUOTE_FROM, OFFICE_LENGTH_AT = 3, 21

-- How a new record begins, and the answer that it was given. The assembler puts the numbers in here as well.
local HELD_RECORD, HELD_ANSWER = '\STATE.held\0', '\OUTCOME.held\32'

-- Gives the mark to the applicant until its deadline. `transition` is how the feed says so. Its answer has the terms and
-- the quote, not the record.
local function give_hold(b, transition, field, id, applicant, tail, permit)
  local revision = step(b)
  local shared, low = shared_bytes(b, permit, revision), revision % 256
  local mark = field .. BYTES[low] .. shared.high
  local record = HELD_RECORD .. BYTES[low] .. shared.times .. id .. applicant .. tail
  local feed = b.feed
  local n = #feed
  feed[n + 1], feed[n + 2], feed[n + 3], feed[n + 4] = transition, field, part_length(#record), record
  note_deadline(b, shared.ends, mark)
  set_record(b, field, record)
  return HELD_ANSWER .. mark .. shared.terms
    .. sub(tail, QUOTE_FROM, OFFICE_LENGTH_AT + byte(tail, OFFICE_LENGTH_AT))
end

-- Judges a request for a new hold, and remembers its answer. `reserve` looks for its mark under a permit and says
-- whether its answer is final. On one server with the shard the permit is taken here; else it was taken before.
local function answer_request(b, s, request, known, permits, reserve)
  if s then
    return admit_and_answer(b, s, request, known, permits, reserve)
  end
  local answer = recorded_answer(b, request.id, request.digest, known, request.ordinal)
  if answer then
    return answer
  end
  local final
  answer, final = reserve(b, request, request.permit)
  if final then
    record_answer(b, request.id, request.digest, answer)
  end
  return answer
end
