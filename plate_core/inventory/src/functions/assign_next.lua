-- assign_next: reserves, for each item, the first of its candidates that its applicant can have.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 taken  7 cooldowns  8 due_cooldowns
--            9 issued  10 withheld  11 due_holds
-- Arguments  one an item: hold id 16, digest 8, permit_deadline_ms u48, tariff 8, applicant 16, quote length u8,
--            body length u16, record body, candidates u32*
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, pool_paused, holds_stopped, not_open, feed_backlogged,
--            permit_expired, tariff_changed, none_left, held: the first that applies. The price comes before the
--            marks: it is the same for all of them
-- Flags      none: under memory pressure new holds are the first to be refused

local function take_assignment_apart(argument, fields, ordinals, keys_of_notes)
  local id, digest, permit, tariff, applicant, quote_length, body_length, at = unpack_bytes('<c16c8I6c8c16BI2', argument)
  local candidates = pieces(argument, at + body_length, 4)
  local first = #fields
  for i = 1, #candidates do
    fields[first + i] = candidates[i]
    ordinals[first + i] = unpack_bytes('<I4', candidates[i])
    keys_of_notes[first + i] = candidates[i] .. applicant
  end
  return {
    id = id, digest = digest, permit = permit, tariff = tariff, quote_length = quote_length,
    body = sub(argument, at, at + body_length - 1), first = first + 1, last = first + #candidates,
  }
end

-- Gives the first candidate that can be had.
local function assign(b, item, read)
  for i = item.first, item.last do
    local ordinal, field = read.ordinals[i], read.fields[i]
    local answer = mark_answer(b, ordinal, field, read.keys[i], read.records[i], read.issued[i], read.withheld[i])
    if not answer then
      return give_hold(b, VERB.assign_next, ordinal, field, item.permit, item.body, item.quote_length)
    end
  end
  return plain_answer(b, OUTCOME.none_left, NO_ORDINAL)
end

local function assign_one(b, item, recorded, read)
  local answer = recorded_answer(b, item.id, item.digest, recorded, NO_ORDINAL) or hold_gate_answer(b, NO_ORDINAL)
  if answer then
    return answer
  end
  if item.permit <= b.now then
    answer = plain_answer(b, OUTCOME.permit_expired, NO_ORDINAL)
  elseif item.tariff ~= b.tariff then
    return tariff_answer(b, NO_ORDINAL)
  else
    answer = assign(b, item, read)
  end
  record_answer(b, item.id, item.digest, answer)
  return answer
end

register('assign_next', function(keys, arguments)
  check_batch(arguments)
  local b = open_pool(keys)
  b.due = { 'RPUSH', keys[11] }
  local items, ids, notes = {}, {}, {}
  local read = { fields = {}, ordinals = {}, keys = {} }
  for i = 1, #arguments do
    items[i] = take_assignment_apart(arguments[i], read.fields, read.ordinals, read.keys)
    ids[i] = items[i].id
  end
  local recorded = read_hash(keys[2], ids)
  read.records = read_hash(keys[5], read.fields)
  read.issued, read.withheld = read_plane(keys[9], read.ordinals), read_plane(keys[10], read.ordinals)
  for i = 1, #read.fields do
    notes[i] = read.keys[i]
  end
  for i = 1, #read.fields do
    local record = read.records[i]
    if record and has_lapsed(b, record) then
      notes[#notes + 1] = read.fields[i] .. sub(record, 43, 58)
    end
  end
  read_cooldowns(b, notes)
  for i = 1, #items do
    b.out[i] = assign_one(b, items[i], recorded[i], read)
  end
  return commit(b)
end)
