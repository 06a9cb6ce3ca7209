-- cancel: gives allotments back before manufacture; the money goes back.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 payments  9 owners; on one server with the shard also
--            10 conf  11 ids  12 due_ids  13 permits  14 operator_days
-- Arguments  one an allotment, as prelude/held.lua says, the permit not looked at; on one server with the shard a
--            claim an allotment before all of them, as prelude/carry.lua says
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, not_allotted, manufacture_begun, revision_stale, cancelled
-- Flags      allow-oom: it frees memory

local function cancel_one(b, item, record)
  local ordinal = item.ordinal
  local state, _, revision = unpack_bytes('<BBI6', record or '\0\0\0\0\0\0\0\0')
  if state <= STATE.paying or sub(record, 43, 58) ~= item.applicant or sub(record, 27, 42) ~= item.hold then
    return plain_answer(b, OUTCOME.not_allotted, ordinal)
  end
  if state ~= STATE.allotted then
    return record_answer_of(b, OUTCOME.manufacture_begun, ordinal, record)
  end
  if revision ~= item.revision then
    return stale_answer(b, ordinal, record)
  end
  step(b)
  -- The payment that settled it is the record's last fact.
  local change = refund_of_payment(b, sub(record, -16))
  if change then
    put_transition(b, VERB.cancel, ordinal, 48, part(item.act), change)
  else
    put_transition(b, VERB.cancel, ordinal, 16, part(item.act))
  end
  set_owner(b, item.applicant, item.field, false)
  set_record(b, item.field, false)
  return pack('<BBI4I6I6BBB', OUTCOME.cancelled, 16, ordinal, b.revision, b.now, PAYMENT.refund_due, REFUND.cancelled, 0)
end

local function cancel_all(b, arguments)
  local items, recorded, records = read_held(b, arguments)
  local payments, applicants = {}, {}
  for i = 1, #items do
    applicants[i] = items[i].applicant
    if records[i] then
      payments[#payments + 1] = sub(records[i], -16)
    end
  end
  open_money(b, b.keys[8], b.keys[9], payments, applicants)
  answer_held(b, items, recorded, records, cancel_one)
end

register('cancel', function(keys, arguments)
  return carry(keys, 10, arguments, cancel_all, commit_money)
end, 'allow-oom')
