-- hold: reserves chosen marks for their applicants.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 planes  9 due_holds; on one server with the shard also
--            10 conf  11 ids  12 due_ids  13 permits  14 operator_days
-- Arguments  (1) tariff 8 of all of them, permit_deadline_ms u48 (0 where it is taken here), highest ordinal u32, and
--            whether they are simple u8: no id and no applicant comes twice, each names one, no operator asks;
--            then columns, one after the other, each with a value a hold: ids 16, fields (ordinal 4), places
--            (ordinal as BITFIELD takes it, '#17'), fields and applicants 4 and 16, applicants 16, digests 8, tails
--            as prelude/offer.lua says (kind 0: nobody is named), and, if not simple, operators (empty: none)
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, limit_reached, operator_cap_reached, pool_unknown, read_only, pool_paused,
--            holds_stopped, not_open, feed_backlogged, permit_expired, mark_withheld, mark_issued, mark_allotted,
--            held_by_you, held_by_another, cooling_down, same_mark_cap_reached, tariff_changed, held: the first
--            that applies
-- Flags      none: under memory pressure new holds are the first to be refused
--
-- Columns, because a value that comes as an argument goes into a command as it is; cut out of a packed item it would be
-- copied, and those copies were a third of what a hold cost.
local COLUMNS = 7

-- How a transition of this verb begins: verb and parts.
local HELD = '\VERB.hold\9'

-- Takes the arguments apart: where each column begins, and what all holds have in common.
local function take_offer(b, s, argv)
  local tariff, permit, highest, simple = unpack_bytes('<c8I6I4B', argv[1])
  local count = (#argv - 1) / (COLUMNS + 1 - simple)
  if count < 1 or count > BATCH_MAX or count % 1 ~= 0 then
    error('a batch has 1 to 128 items, not ' .. count, 0)
  end
  local fields = 1 + count
  return {
    argv = argv, count = count, simple = simple == 1, at_price = tariff == b.tariff,
    permit = s and s.permit_deadline or permit, below = highest < b.rows * 1024,
    fields = fields, marks = fields + 2 * count, applicants = fields + 3 * count, tails = fields + 5 * count,
  }
end

-- Where the column of ids begins: the first of them.
local IDS = 1

-- The cool-downs of applicants whose holds have lapsed and will end in passing: their entries are read as well.
local function read_lapsed_notes(b, o)
  local argv, records, notes = o.argv, o.records, NOTHING
  for i = 1, o.count do
    local record = records[i]
    if record and has_lapsed(b, record) then
      notes = notes == NOTHING and {} or notes
      notes[#notes + 1] = argv[o.fields + i] .. sub(record, 43, 58)
    end
  end
  read_cooldowns(b, notes)
end

-- The command that asks for the planes, as long as it can become. It is kept from call to call, since of a batch only the
-- places differ, and all that a call sends it has written before.
local PLANES_OF = { 'BITFIELD_RO', '' }
for i = 1, BATCH_MAX do
  PLANES_OF[3 * i], PLANES_OF[3 * i + 1], PLANES_OF[3 * i + 2] = 'GET', 'u2', ''
end

-- What the planes say of marks, whose places follow `first` in the arguments.
local function planes_at(key, argv, first, count)
  if count == 1 then
    return redis.call('BITFIELD_RO', key, 'GET', 'u2', argv[first + 1])
  end
  local command = PLANES_OF
  command[2] = key
  for i = 1, count do
    command[3 * i + 2] = argv[first + i]
  end
  return redis.call(unpack(command, 1, 3 * count + 2))
end

-- Reads what is known of the requests and marks of a batch: five commands, whatever its size.
local function read_offer(b, s, o)
  local keys, argv, count = b.keys, o.argv, o.count
  o.known = redis.call('HMGET', s and s.ids_key or keys[2], unpack(argv, IDS + 1, IDS + count))
  o.records = redis.call('HMGET', keys[5], unpack(argv, o.fields + 1, o.fields + count))
  o.planes = planes_at(keys[8], argv, o.fields + count, count)
  o.notes = redis.call('HMGET', keys[6], unpack(argv, o.marks + 1, o.marks + count))
  o.permits = NOTHING
  if s then
    o.permits = redis.call('HMGET', s.permits_key, unpack(argv, o.applicants + 1, o.applicants + count))
  end
end

-- Reads what only holds that are judged in full may ask for: cool-downs of holds that have lapsed, days of operators, and
-- answers to requests that came by way of another server.
local function read_further(b, s, o)
  o.read_further = true
  read_lapsed_notes(b, o)
  if s then
    if not o.simple then
      read_days(s, { unpack(o.argv, o.tails + o.count + 1, o.tails + 2 * o.count) })
    end
    read_answered_apart(b, s, o.argv, IDS, o.known)
  end
end

-- Looks for a chosen mark under a permit: a packed answer, and whether it is final.
local function reserve_chosen(b, request, permit)
  local ordinal, field = request.ordinal, request.field
  local answer = hold_gate_answer(b, ordinal)
  if answer then
    return answer, false
  end
  if permit <= b.now then
    return plain_answer(b, OUTCOME.permit_expired, ordinal), true
  end
  answer = mark_answer(b, ordinal, field, request.key, request.record, request.planes)
  if answer then
    return answer, true
  end
  if not request.at_price then
    return tariff_answer(b, ordinal), false
  end
  return give_hold(b, HELD, field, request.id, request.applicant, request.tail, permit), true
end

-- Judges one hold in full.
local function hold_one(b, s, o, i)
  local argv, field = o.argv, o.argv[o.fields + i]
  if o.notes[i] then
    note_read(b, argv[o.marks + i], o.notes[i])
  end
  local request = {
    id = argv[IDS + i], digest = argv[o.tails - o.count + i],
    applicant = argv[o.applicants + i], tail = argv[o.tails + i],
    kind = byte(argv[o.tails + i]), operator = o.simple and '' or argv[o.tails + o.count + i],
    permit = o.permit, at_price = o.at_price, ordinal = (unpack_bytes('<I4', field)), field = field,
    key = argv[o.marks + i], record = o.records[i], planes = o.planes[i],
  }
  return answer_request(b, s, request, o.known[i], o.permits[i], reserve_chosen)
end

-- Whether a hold of this batch can be given by the quick way: nothing of what the pool obeys stands in its way, and
-- nothing in the batch could change what was read of it.
local function is_open_way(b, s, o)
  return o.simple and o.at_price and o.below and not b.hold_gate and o.permit > b.now
    and (not s or s.least_limit > 0)
end

-- Makes the lists that a run of holds is written to. Each has room for one hold from the start.
local function open_run(b, s)
  b.given = { 'HSET', b.keys[5], nil, nil }
  if b.records == NOTHING then
    b.records = {}
  end
  if s then
    s.given, s.kept = { 'HSET', s.permits_key, nil, nil }, { 'HSET', s.ids_key, nil, nil }
  else
    b.kept = { 'HSET', b.keys[2], nil, nil }
  end
end

-- Gives holds from the i-th on, as long as nothing is known of any: neither of its id nor of its mark nor of its
-- applicant. One loop with as few steps as there can be, for these are nearly all. Gives the first that is not given.
local function give_run(b, s, o, i)
  local argv, known, records, planes, notes, permits = o.argv, o.known, o.records, o.planes, o.notes, o.permits
  local fields, applicants, digests, tails = o.fields, o.applicants, o.tails - o.count, o.tails
  if not b.given then
    open_run(b, s)
  end
  local feed, kept, taken, out, revision = b.feed, b.given, b.records, b.out, b.revision
  local shared = shared_bytes(b, o.permit, revision + 1)
  local times, high, terms, due = shared.times, shared.high, shared.terms, due_marks(b, shared.ends)
  local remembering_it, told, admitted, permit = s or b, '', nil, nil
  if s then
    told, admitted, permit = BYTES[VERDICT_ANSWERED] .. shared.told, s.given, shared.permitted .. BYTES[1]
  end
  local memory = remembering_it.kept
  local f, k, d, m, p, first = #feed, #kept, #due, #memory, admitted and #admitted, i
  -- A feed that is full stops holds: the first that finds it so is judged in full.
  local last = min(o.count, i + b.backlog_at - revision - 1)
  while i <= last do
    local field = argv[fields + i]
    if known[i] or records[i] or permits[i] or notes[i] or taken[field] or planes[i] ~= 0 then
      break
    end
    revision = revision + 1
    local byte_low = revision % 256
    if byte_low == 0 then
      shared = shared_bytes(b, o.permit, revision)
      times, high = shared.times, shared.high
    end
    local low, id, applicant, tail = BYTES[byte_low], argv[IDS + i], argv[applicants + i], argv[tails + i]
    local record = HELD_RECORD .. low .. times .. id .. applicant .. tail
    local answer = HELD_ANSWER .. field .. low .. high .. terms
      .. sub(tail, QUOTE_FROM, OFFICE_LENGTH_AT + byte(tail, OFFICE_LENGTH_AT))
    feed[f + 1], feed[f + 2], feed[f + 3], feed[f + 4] = HELD, field, LENGTHS[#record] or part_length(#record), record
    kept[k + 1], kept[k + 2] = field, record
    memory[m + 1], memory[m + 2] = id, argv[digests + i] .. told .. answer
    if admitted then
      admitted[p + 1], admitted[p + 2] = applicant, id .. permit
      p = p + 2
    end
    due[d + 1], due[d + 2], due[d + 3] = field, low, high
    f, k, d, m = f + 4, k + 2, d + 3, m + 2
    taken[field], out[i] = record, answer
    i = i + 1
  end
  b.revision = revision
  remembering_it.kept_ids = remembering_it.kept_ids .. concat(argv, '', IDS + first, IDS + i - 1)
  return i
end

-- Judges a batch in order.
local function hold_all(b, s, o)
  local open, i = is_open_way(b, s, o), 1
  while i <= o.count do
    -- What is known already need not be tried: in the crowd before one mark that is nearly everybody.
    if open and not (o.known[i] or o.records[i]) then
      i = give_run(b, s, o, i)
    end
    if i <= o.count then
      if not o.read_further then
        read_further(b, s, o)
      end
      b.out[i] = hold_one(b, s, o, i)
      i = i + 1
    end
  end
end

register('hold', function(keys, argv)
  local b = open_pool(keys)
  local s = has_shard(keys, 10) and open_shard(keys, 10, b.now)
  b.due_key = keys[9]
  local o = take_offer(b, s, argv)
  read_offer(b, s, o)
  hold_all(b, s, o)
  local reply = commit(b)
  if s then
    write_admissions(s, moment_of(b))
  end
  return reply
end)
