-- begin_payment: lets applicants pay for what they hold. The quote stands: the tariff is not looked at again.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 due_payments; on one server with the shard also
--            9 conf  10 ids  11 due_ids  12 permits  13 operator_days
-- Arguments  one a hold, as prelude/held.lua says, the permit lengthened before; on one server with the shard a claim
--            a hold before all of them, as prelude/carry.lua says
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, mark_allotted, held_by_another, not_held,
--            revision_stale, hold_expired, payment_already_begun, payment_begun
-- Flags      allow-oom: what is held must go on to be paid for when memory is full

local function begin_one(b, item, record)
  local answer = hold_answer(b, item, record)
  if answer then
    return answer
  end
  local state, extensions = unpack_bytes('<BB', record)
  local deadline, reason = cut_deadline(b, b.now + b.payment_window, item.permit)
  if deadline <= b.now then
    return plain_answer(b, OUTCOME.hold_expired, item.ordinal)
  end
  if state == STATE.paying then
    return record_answer_of(b, OUTCOME.payment_already_begun, item.ordinal, record)
  end
  return prolong(b, VERB.begin_payment, OUTCOME.payment_begun, item, record, STATE.paying, extensions, deadline, reason)
end

local function begin_payment_all(b, arguments)
  b.due_key = b.keys[8]
  local items, recorded, records = read_held(b, arguments)
  answer_held(b, items, recorded, records, begin_one)
end

register('begin_payment', function(keys, arguments)
  return carry(keys, 9, arguments, begin_payment_all, commit)
end, 'allow-oom')
