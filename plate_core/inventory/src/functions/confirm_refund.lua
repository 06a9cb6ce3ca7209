-- confirm_refund: records that money was paid back.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 planes  9 payments; on one server with the shard also
--            10 conf  11 ids  12 due_ids  13 permits  14 operator_days
-- Arguments  one a payment: ordinal u32, field (the ordinal again, 4 bytes), request id 16, digest 8,
--            payment id 16, act; on one server with the shard a claim a payment before all of them, as
--            prelude/carry.lua says
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, payment_unknown, not_refundable, refunded
-- Flags      allow-oom

local function refund_one(b, item, planes)
  local value = payment_now(b, item.payment)
  -- A payment's ordinal stands 30 bytes into it.
  if not value or sub(value, 33, 36) ~= item.field then
    return plain_answer(b, OUTCOME.payment_unknown, item.ordinal)
  end
  local state, reason = byte(value, 3, 4)
  if state ~= PAYMENT.refund_due then
    return pack('<BBI4I6I6BBB', OUTCOME.not_refundable, 16, item.ordinal, b.revision, b.now, state, reason, 0)
  end
  step(b)
  local change = change_payment(b, item.payment, PAYMENT.refunded, reason, b.now)
  put_transition(b, VERB.confirm_refund, item.ordinal, planes + 48, part(item.act), change)
  return pack('<BBI4I6I6BBB', OUTCOME.refunded, 16, item.ordinal, b.revision, b.now, PAYMENT.refunded, reason, 0)
end

local function refund_all(b, arguments)
  local keys = b.keys
  local items, ids, fields, ordinals, payments = {}, {}, {}, {}, {}
  for i = 1, #arguments do
    local ordinal, field, id, digest, payment, at = unpack_bytes('<I4c4c16c8c16', arguments[i])
    items[i] = {
      ordinal = ordinal, field = field, id = id, digest = digest, payment = payment, act = sub(arguments[i], at),
    }
    ids[i], fields[i], ordinals[i], payments[i] = id, field, ordinal, payment
  end
  local recorded, records = read_hash(keys[2], ids), read_hash(keys[5], fields)
  local planes = read_planes(keys[8], ordinals)
  open_money(b, keys[9], nil, payments, NOTHING)
  for i = 1, #items do
    items[i].planes = plane_bits(b, ordinals[i], records[i], planes[i])
  end
  answer_held(b, items, recorded, records, function(_, item)
    return refund_one(b, item, item.planes)
  end)
end

register('confirm_refund', function(keys, arguments)
  return carry(keys, 10, arguments, refund_all, commit_money)
end, 'allow-oom')
