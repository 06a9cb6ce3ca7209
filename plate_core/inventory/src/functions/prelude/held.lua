-- What extend, release, begin_payment and cancel share: they name a hold and the revision that was read.
--
-- An argument of theirs: ordinal u32, field (the ordinal again, 4 bytes), request id 16, digest 8, hold id 16,
-- applicant 16, revision u48, permit_deadline_ms u48, act.
local HELD_ITEM = '<I4c4c16c8c16c16I6I6'

local function take_apart(argument)
  local ordinal, field, id, digest, hold, applicant, revision, permit, at = unpack_bytes(HELD_ITEM, argument)
  return {
    ordinal = ordinal, field = field, id = id, digest = digest, hold = hold, applicant = applicant,
    revision = revision, permit = permit, act = sub(argument, at),
  }
end

-- The revision that was read is not the present one: here is the record as it stands.
local function stale_answer(b, ordinal, record)
  return pack('<BBI4I6I6', OUTCOME.revision_stale, 65, ordinal, b.revision, b.now) .. part(record)
    .. sub(record, 3, 8)
end

-- What stands between an item and the hold it names: a packed answer, or nil.
local function hold_answer(b, item, record)
  local ordinal = item.ordinal
  if not record then
    return plain_answer(b, OUTCOME.not_held, ordinal)
  end
  local state, _, revision, deadline = unpack_bytes('<BBI6I6', record)
  local own = sub(record, 43, 58) == item.applicant
  if state > STATE.paying then
    if own then
      return record_answer_of(b, OUTCOME.mark_allotted, ordinal, record)
    end
    return plain_answer(b, OUTCOME.mark_allotted, ordinal)
  end
  if not own then
    return plain_answer(b, OUTCOME.held_by_another, ordinal)
  end
  if sub(record, 27, 42) ~= item.hold then
    return plain_answer(b, OUTCOME.not_held, ordinal)
  end
  if revision ~= item.revision then
    return stale_answer(b, ordinal, record)
  end
  -- Past its deadline a hold is over for its holder even while nothing expires: a freeze gives nobody more time.
  if b.now >= deadline then
    return plain_answer(b, OUTCOME.hold_expired, ordinal)
  end
end

-- Writes a hold with a new deadline, and answers with it.
local function prolong(b, verb, outcome, item, record, state, extensions, deadline, reason)
  local revision = step(b)
  local changed = pack('<BBI6I6', state, extensions, revision, deadline) .. sub(record, 15, 20)
    .. pack('<I6', item.permit) .. sub(record, 27)
  put_transition(b, verb, item.ordinal, 25, part(changed), part(item.act))
  note_deadline(b, pack('<I6', deadline), item.field .. pack('<I6', revision))
  set_record(b, item.field, changed)
  return pack('<BBI4I6I6', outcome, 5, item.ordinal, revision, b.now) .. part(changed) .. char(reason)
end

-- Takes a batch of such items apart and reads what is known of their requests and marks.
local function read_held(b, arguments)
  local items, ids, fields = { nil }, { nil }, { nil }
  for i = 1, #arguments do
    local item = take_apart(arguments[i])
    item.permit = b.lengthened and b.lengthened[i] or item.permit
    items[i], ids[i], fields[i] = item, item.id, item.field
  end
  return items, read_hash(b.keys[2], ids), read_hash(b.keys[5], fields)
end

-- Runs `one` for each item that is new and that the pool takes; repeats the answer of those that are known.
local function answer_held(b, items, recorded, records, one)
  for i = 1, #items do
    local item = items[i]
    local answer = recorded_answer(b, item.id, item.digest, recorded[i], item.ordinal)
    if not answer and b.gate then
      answer = plain_answer(b, b.gate, item.ordinal)
    elseif not answer then
      answer = one(b, item, record_now(b, item.field, records[i]))
      record_answer(b, item.id, item.digest, answer)
    end
    b.out[i] = answer
  end
end
