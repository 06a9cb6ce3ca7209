-- assign_next: reserves, for each item, the first of its candidates that its applicant can have.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 planes  9 due_holds; on one server with the shard also
--            10 conf  11 ids  12 due_ids  13 permits  14 operator_days
-- Arguments  one an item: hold id 16, digest 8, permit_deadline_ms u48 (0 where it is taken here), tariff 8,
--            applicant 16, operator length u8, tail length u16, operator, tail as prelude/offer.lua says,
--            candidates u32*
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, limit_reached, operator_cap_reached, pool_unknown, read_only, pool_paused,
--            holds_stopped, not_open, feed_backlogged, permit_expired, tariff_changed, none_left, held: the first
--            that applies. The price comes before the marks: it is the same for all of them
-- Flags      none: under memory pressure new holds are the first to be refused

-- How a transition of this verb begins: verb and parts.
local ASSIGNED = '\VERB.assign_next\9'

local function take_assignment_apart(b, argument, read)
  local id, digest, permit, tariff, applicant, operator_length, tail_length, at =
    unpack_bytes('<c16c8I6c8c16BI2', argument)
  local tail_at = at + operator_length
  local candidates = pieces(argument, tail_at + tail_length, 4)
  local first = #read.fields
  for i = 1, #candidates do
    read.fields[first + i] = candidates[i]
    read.ordinals[first + i] = unpack_bytes('<I4', candidates[i])
    read.keys[first + i] = candidates[i] .. applicant
  end
  return {
    id = id, digest = digest, permit = permit, at_price = tariff == b.tariff, applicant = applicant,
    operator = sub(argument, at, tail_at - 1), tail = sub(argument, tail_at, tail_at + tail_length - 1),
    kind = byte(argument, tail_at), ordinal = NO_ORDINAL, first = first + 1, last = first + #candidates, read = read,
  }
end

-- Looks for the first candidate that can be had, under a permit: a packed answer, and whether it is final.
local function reserve_first(b, request, permit)
  local answer = hold_gate_answer(b, NO_ORDINAL)
  if answer then
    return answer, false
  end
  if permit <= b.now then
    return plain_answer(b, OUTCOME.permit_expired, NO_ORDINAL), true
  end
  if not request.at_price then
    return tariff_answer(b, NO_ORDINAL), false
  end
  local read = request.read
  for i = request.first, request.last do
    local field = read.fields[i]
    if not mark_answer(b, read.ordinals[i], field, read.keys[i], read.records[i], read.planes[i]) then
      return give_hold(b, ASSIGNED, field, request.id, request.applicant, request.tail, permit), true
    end
  end
  return plain_answer(b, OUTCOME.none_left, NO_ORDINAL), true
end

-- Reads what is known of the requests and of all their candidates.
local function read_assignments(b, s, items, read)
  local ids, applicants, operators = {}, {}, {}
  for i = 1, #items do
    ids[i], applicants[i], operators[i] = items[i].id, items[i].applicant, items[i].operator
  end
  read.known = read_hash(s and s.ids_key or b.keys[2], ids)
  read.records, read.planes = read_hash(b.keys[5], read.fields), read_planes(b.keys[8], read.ordinals)
  -- An expiry in passing notes a cool-down for the applicant whose hold ended, so his entry is read as well.
  local notes = {}
  for i = 1, #read.fields do
    local record = read.records[i]
    notes[i] = read.keys[i]
    if record and has_lapsed(b, record) then
      read.lapsed[#read.lapsed + 1] = read.fields[i] .. sub(record, 43, 58)
    end
  end
  for i = 1, #read.lapsed do
    notes[#notes + 1] = read.lapsed[i]
  end
  read_cooldowns(b, notes)
  read.permits = NOTHING
  if s then
    read.permits = read_hash(s.permits_key, applicants)
    read_days(s, operators)
    read_answered_apart(b, s, ids, 0, read.known)
  end
end

register('assign_next', function(keys, arguments)
  check_batch(arguments)
  local b = open_pool(keys)
  local s = has_shard(keys, 10) and open_shard(keys, 10, b.now)
  b.due_key = keys[9]
  local items, read = {}, { fields = {}, ordinals = {}, keys = {}, lapsed = {} }
  for i = 1, #arguments do
    items[i] = take_assignment_apart(b, arguments[i], read)
  end
  read_assignments(b, s, items, read)
  for i = 1, #items do
    b.out[i] = answer_request(b, s, items[i], read.known[i], read.permits[i], reserve_first)
  end
  local reply = commit(b)
  if s then
    write_admissions(s, moment_of(b))
  end
  return reply
end)
