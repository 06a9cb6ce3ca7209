-- cancel: gives allotments back before manufacture; the money goes back.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 taken  7 cooldowns  8 due_cooldowns
--            9 payments  10 owners
-- Arguments  one an allotment, as prelude/held.lua says; the permit is not looked at
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
  set_record(b, item.field, ordinal, false)
  return pack('<BBI4I6I6BBB', OUTCOME.cancelled, 16, ordinal, b.revision, b.now, PAYMENT.refund_due, REFUND.cancelled, 0)
end

register('cancel', function(keys, arguments)
  check_batch(arguments)
  local b = open_pool(keys)
  local items, recorded, records = read_held(b, arguments)
  local payments, applicants = {}, {}
  for i = 1, #items do
    applicants[i] = items[i].applicant
    if records[i] then
      payments[#payments + 1] = sub(records[i], -16)
    end
  end
  open_money(b, keys[9], keys[10], payments, applicants)
  answer_held(b, items, recorded, records, cancel_one)
  return commit_money(b)
end, 'allow-oom')
