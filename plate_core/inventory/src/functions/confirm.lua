-- confirm: writes payments down and says what they bought. Money is never refused: it settles, or it is to be
-- refunded, with a reason.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 planes  9 payments  10 owners; on one server with the shard also
--            11 conf  12 ids  13 due_ids  14 permits  15 operator_days
-- Arguments  one a payment: ordinal u32, field (the ordinal again, 4 bytes), payment id 16, digest 8,
--            applicant there u8, applicant 16, hold id 16, amount 8, current tariff 8, current amount 8,
--            lengths u16 u16 of what follows: body of a new record (if the mark is sold late), body of the
--            payment, then the act; on one server with the shard a claim a payment before all of them, as
--            prelude/carry.lua says
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, allotted, refund_due (wrong_amount, already_paid,
--            late_mark_gone, late_price_changed, unknown_hold)
-- Flags      allow-oom: what was paid must be written down, whatever else

local ITEM = '<I4c4c16c8Bc16c16c8c8c8I2I2'

local function take_payment_apart(argument)
  local ordinal, field, id, digest, named, applicant, hold, amount, current_tariff, current_amount, body_length,
    payment_length, at = unpack_bytes(ITEM, argument)
  local payment_at = at + body_length
  return {
    ordinal = ordinal, field = field, id = id, digest = digest, named = named == 1, applicant = applicant,
    hold = hold, amount = amount, current_tariff = current_tariff, current_amount = current_amount,
    body = sub(argument, at, payment_at - 1), payment = sub(argument, payment_at, payment_at + payment_length - 1),
    act = sub(argument, payment_at + payment_length),
  }
end

-- Writes the payment with its answer, and the transition that it makes.
local function put_payment(b, item, record, state, reason, planes, answer)
  local payment = pack('<BBI6I6', state, reason, b.now, 0) .. item.payment
  local change = part(char(0) .. payment)
  if record then
    put_transition(b, VERB.confirm, item.ordinal, planes + 56, part(record), part(item.act), change)
  else
    put_transition(b, VERB.confirm, item.ordinal, planes + 48, part(item.act), change)
  end
  set_payment(b, item.id, part(payment) .. item.digest .. answer)
  return answer
end

local function refund(b, item, reason, planes)
  step(b)
  local answer = pack('<BBI4I6I6BBB', OUTCOME.refund_due, 16, item.ordinal, b.revision, b.now, PAYMENT.refund_due, reason, 0)
  return put_payment(b, item, nil, PAYMENT.refund_due, reason, planes, answer)
end

-- Sells the mark: no deadline any more, no permit, and the payment as its last fact.
local function settle(b, item, extensions, held_at, body, late, planes)
  local revision = step(b)
  local record = pack('<BBI6I6', STATE.allotted, extensions, revision, 0) .. held_at .. '\0\0\0\0\0\0' .. body
    .. '\255\16' .. item.id
  local applicant = sub(body, 17, 32)
  local answer = pack('<BBI4I6I6', OUTCOME.allotted, 17, item.ordinal, revision, b.now) .. part(record)
    .. char(PAYMENT.settled, 0, late)
  set_owner(b, applicant, item.field, true)
  set_record(b, item.field, record)
  return put_payment(b, item, record, PAYMENT.settled, 0, planes, answer)
end

-- The mark has a record: whose, and was this paid for it?
local function confirm_standing(b, item, record, planes)
  local state, extensions = unpack_bytes('<BB', record)
  local own = item.named and sub(record, 43, 58) == item.applicant
  local same_hold = sub(record, 27, 42) == item.hold and (own or not item.named)
  if state > STATE.paying then
    local reason = REFUND.late_mark_gone
    if same_hold or own then
      reason = REFUND.already_paid
    elseif not item.named then
      reason = REFUND.unknown_hold
    end
    return refund(b, item, reason, planes)
  end
  if not same_hold and not own then
    return refund(b, item, item.named and REFUND.late_mark_gone or REFUND.unknown_hold, planes)
  end
  if sub(record, 71, 78) ~= item.amount then
    return refund(b, item, same_hold and REFUND.wrong_amount or REFUND.late_price_changed, planes)
  end
  note_end(b, record)
  return settle(b, item, extensions, sub(record, 15, 20), sub(record, 27), same_hold and 0 or 1, planes)
end

-- Nobody has the mark: it is sold after all if it is still offered and costs what was paid.
local function confirm_late(b, item, planes)
  if not item.named then
    return refund(b, item, REFUND.unknown_hold, planes)
  end
  if planes ~= 0 then
    return refund(b, item, REFUND.late_mark_gone, planes)
  end
  if item.current_tariff ~= b.tariff or item.amount ~= item.current_amount then
    return refund(b, item, REFUND.late_price_changed, planes)
  end
  return settle(b, item, 0, pack('<I6', b.now), item.body, 1, 1)
end

local function confirm_one(b, item, read, planes_read)
  local value = payment_now(b, item.id)
  if value then
    local length = unpack_bytes('<I2', value)
    if sub(value, length + 3, length + 10) ~= item.digest then
      return pack('<BBI4I6I6', OUTCOME.request_id_reused, 0, item.ordinal, 0, b.now)
    end
    return sub(value, length + 11)
  end
  if b.gate then
    return plain_answer(b, b.gate, item.ordinal)
  end
  local record = record_now(b, item.field, read)
  if record and has_lapsed(b, record) then
    expire_record(b, item.field, item.ordinal, record)
    record = false
  end
  local planes = plane_bits(b, item.ordinal, record, planes_read)
  if is_never_issued(b, item.ordinal) then
    return refund(b, item, REFUND.unknown_hold, planes)
  end
  if record then
    return confirm_standing(b, item, record, planes)
  end
  return confirm_late(b, item, planes)
end

local function confirm_all(b, arguments)
  local keys = b.keys
  local items, ids, fields, ordinals, applicants, notes = {}, {}, {}, {}, {}, {}
  for i = 1, #arguments do
    local item = take_payment_apart(arguments[i])
    items[i], ids[i], fields[i], ordinals[i] = item, item.id, item.field, item.ordinal
    applicants[i] = item.applicant
  end
  local records = read_hash(keys[5], fields)
  for i = 1, #items do
    local record = records[i]
    if record then
      local applicant = sub(record, 43, 58)
      applicants[#applicants + 1] = applicant
      if has_lapsed(b, record) then
        notes[#notes + 1] = fields[i] .. applicant
      end
    end
  end
  local planes = read_planes(keys[8], ordinals)
  read_cooldowns(b, notes)
  open_money(b, keys[9], keys[10], ids, applicants)
  for i = 1, #items do
    b.out[i] = confirm_one(b, items[i], records[i], planes[i])
  end
end

register('confirm', function(keys, arguments)
  return carry(keys, 11, arguments, confirm_all, commit_money)
end, 'allow-oom')
