-- extend: moves the deadlines of holds. The deadline never moves back, except to a permit or a change of price.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 due_extensions; on one server with the shard also
--            9 conf  10 ids  11 due_ids  12 permits  13 operator_days
-- Arguments  one a hold, as prelude/held.lua says, the permit lengthened before; on one server with the shard a claim
--            a hold before all of them, as prelude/carry.lua says
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, mark_allotted, held_by_another, not_held,
--            revision_stale, hold_expired, payment_already_begun, extensions_used_up, extended
-- Flags      none: it makes nothing safer, and may wait for memory

local function extend_one(b, item, record)
  local answer = hold_answer(b, item, record)
  if answer then
    return answer
  end
  local state, extensions, _, deadline_before = unpack_bytes('<BBI6I6', record)
  local deadline, reason = cut_deadline(b, max(deadline_before, b.now + b.extension), item.permit)
  if deadline <= b.now then
    return plain_answer(b, OUTCOME.hold_expired, item.ordinal)
  end
  if state == STATE.paying then
    return record_answer_of(b, OUTCOME.payment_already_begun, item.ordinal, record)
  end
  if extensions >= b.max_extensions then
    return record_answer_of(b, OUTCOME.extensions_used_up, item.ordinal, record)
  end
  return prolong(b, VERB.extend, OUTCOME.extended, item, record, state, extensions + 1, deadline, reason)
end

local function extend_all(b, arguments)
  b.due_key = b.keys[8]
  local items, recorded, records = read_held(b, arguments)
  answer_held(b, items, recorded, records, extend_one)
end

register('extend', function(keys, arguments)
  return carry(keys, 9, arguments, extend_all, commit)
end)
