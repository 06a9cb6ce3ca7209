-- hold: reserves chosen marks for their applicants.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 taken  7 cooldowns  8 due_cooldowns
--            9 issued  10 withheld  11 due_holds
-- Arguments  one a hold: ordinal u32, the ordinal again 4, mark and applicant (4, 16), hold id 16,
--            digest 8, permit_deadline_ms u48, tariff 8, quote length u8, record body
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, pool_paused, holds_stopped, not_open, feed_backlogged,
--            permit_expired, mark_withheld, mark_issued, mark_allotted, held_by_you, held_by_another,
--            cooling_down, same_mark_cap_reached, tariff_changed, held: the first that applies
-- Flags      none: under memory pressure new holds are the first to be refused

-- Reads everything that is known of the requests and marks of a batch: five commands, whatever its size.
local function read_batch(b, items)
  local keys, count = b.keys, #items
  local requests, live, bits, notes = { 'HMGET', keys[2] }, { 'HMGET', keys[5] }, { 'BITFIELD_RO', keys[9] }, {}
  for i = 1, count do
    local ordinal, field, key, id = unpack_bytes('<I4c4c20c16', items[i])
    local n = 3 * i
    bits[n], bits[n + 1], bits[n + 2] = 'GET', 'u1', ordinal
    requests[i + 2], live[i + 2], notes[i] = id, field, key
  end
  local recorded, records, issued = redis.call(unpack(requests)), redis.call(unpack(live)), redis.call(unpack(bits))
  bits[2] = keys[10]
  local withheld = redis.call(unpack(bits))
  -- An expiry in passing notes a cool-down for the applicant whose hold ended, so his entry is read as well.
  for i = 1, count do
    local record = records[i]
    if record and has_lapsed(b, record) then
      notes[#notes + 1] = live[i + 2] .. sub(record, 43, 58)
    end
  end
  read_cooldowns(b, notes)
  return requests, live, bits, notes, recorded, records, issued, withheld
end

-- Judges one item, and gives it its hold where nothing stands in the way. What was taken from it to read its
-- mark and request is given; the rest begins at its 45th byte.
local function hold_one(b, item, ordinal, field, key, id, recorded, record, issued, withheld)
  local digest, permit, tariff, quote_length, at = unpack_bytes('<c8I6c8B', item, 45)
  local answer = (recorded or b.answers[id]) and recorded_answer(b, id, digest, recorded, ordinal)
    or (b.hold_gate or b.revision >= b.backlog_at) and hold_gate_answer(b, ordinal)
  if answer then
    return answer
  end
  if permit <= b.now then
    answer = plain_answer(b, OUTCOME.permit_expired, ordinal)
  else
    answer = mark_answer(b, ordinal, field, key, record, issued, withheld)
  end
  if not answer then
    if tariff ~= b.tariff then
      return tariff_answer(b, ordinal)
    end
    answer = give_hold(b, VERB.hold, ordinal, field, permit, sub(item, at), quote_length)
  end
  record_answer(b, id, digest, answer)
  return answer
end

register('hold', function(keys, items)
  check_batch(items)
  local b = open_pool(keys)
  b.due = { 'RPUSH', keys[11] }
  -- Of each command that was read with, the arguments begin at the third.
  local ids, fields, bits, marks, recorded, records, issued, withheld = read_batch(b, items)
  local out = b.out
  for i = 1, #items do
    out[i] = hold_one(
      b, items[i], bits[3 * i + 2], fields[i + 2], marks[i], ids[i + 2], recorded[i], records[i], issued[i], withheld[i]
    )
  end
  return commit(b)
end)
