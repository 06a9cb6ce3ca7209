-- What confirm, cancel and confirm_refund share: payments, and who owns what.
--
-- A value of the payments hash: payment length u16, payment, digest 8, answer. The answer of a notification
-- stands with its payment and not among the requests, because it is never forgotten.

-- Reads payments and the allotments of applicants into the batch.
local function open_money(b, payments_key, owners_key, payments, applicants)
  b.money = {
    payments_key = payments_key, payments = NOTHING, payments_read = read_fields(payments_key, payments),
    owners_key = owners_key, owners = NOTHING, owners_read = owners_key and read_fields(owners_key, applicants),
  }
end

-- A value of the payments hash, as the batch has left it.
local function payment_now(b, id)
  return b.money.payments[id] or b.money.payments_read[id]
end

local function set_payment(b, id, value)
  put_change(b.money, 'payments', id, value)
end

-- Adds a mark to what an applicant owns, or takes it away.
local function set_owner(b, applicant, field, owns)
  local money = b.money
  local before = money.owners[applicant] or money.owners_read[applicant] or ''
  local kept = {}
  for at = 1, #before, 4 do
    local other = sub(before, at, at + 3)
    if other ~= field then
      kept[#kept + 1] = other
    end
  end
  if owns then
    kept[#kept + 1] = field
  end
  put_change(money, 'owners', applicant, concat(kept))
end

-- Changes the state of a payment and gives the change as a part of a transition; nil where there is none.
local function change_payment(b, id, state, reason, refunded_at)
  local value = payment_now(b, id)
  if not value then
    return nil
  end
  local length = unpack_bytes('<I2', value)
  local before = byte(value, 3)
  local payment = char(state, reason) .. sub(value, 5, 10) .. pack('<I6', refunded_at) .. sub(value, 17, length + 2)
  set_payment(b, id, part(payment) .. sub(value, length + 3))
  return part(char(before) .. payment)
end

-- The payment of an allotment that is given back is to be refunded.
local function refund_of_payment(b, id)
  return change_payment(b, id, PAYMENT.refund_due, REFUND.cancelled, 0)
end

-- Writes what the batch has changed, the feed first, and gives the reply.
local function commit_money(b)
  local reply, money = commit(b), b.money
  write_changes(money.payments_key, money.payments)
  write_changes(money.owners_key, money.owners)
  return reply
end
