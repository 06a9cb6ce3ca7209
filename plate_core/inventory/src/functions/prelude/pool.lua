-- A call to one pool: reading what the pool obeys, gathering what the batch changes, writing it all at once.
--
-- A batch must equal its items sent singly, in order. So what an item changes is kept in overlays (`records`,
-- `answers`, `notes`) that the later items of the batch look into before they look at what was read.
--
-- Writing comes last and cannot fail half-way: everything is judged before, and the one command that a server
-- could refuse, XADD with an id that the stream has passed, is the first. If it fails, nothing was written.

-- The terms of a pool, as Rust packs its settings (src/codec/settings.rs).
local TERMS = '<BBBBBI6I6I6I6I6I6BI2I6I4I2BB'

-- What a batch has before anything was done in it. What it changes stands in tables that the first change makes: most
-- calls need few of them, and to make and to collect all was a fifth of a hold that comes alone.
local function untouched(terms)
  terms.records, terms.answers, terms.notes, terms.cooldowns = NOTHING, NOTHING, NOTHING, NOTHING
  terms.due, terms.ended, terms.kept_ids = NOTHING, NOTHING, ''
  terms.__index = terms
  return terms
end

-- A pool that there is not: every item for it is refused, and nothing was ever recorded.
local NO_POOL = untouched({
  absent = true, gate = OUTCOME.pool_unknown, hold_gate = OUTCOME.pool_unknown, opens_at = 0, rows = 0,
  digit_values = 0, frozen = true, retention = 0,
})

-- What the bytes of a pool's terms say. `gate` is the outcome that stands before every item, if one does; `tariffs` and
-- `cuts` are in order of time.
local terms_of_pool = remembering(function(bytes)
  local paused, holds_stopped, frozen, read_only, guarded, opens_at, hold_ttl, extension, payment_window, cooldown,
    retention, max_extensions, same_mark_cap, backlog_max, rows, digit_values, tariff_count, cut_count, at =
    unpack_bytes(TERMS, bytes)
  local tariffs, from, cuts = {}, {}, {}
  for i = 1, tariff_count do
    tariffs[i], from[i], at = unpack_bytes('<c8I6', bytes, at)
  end
  for i = 1, cut_count do
    cuts[i], at = unpack_bytes('<I6', bytes, at)
  end
  local gate = read_only == 1 and OUTCOME.read_only or nil
  return untouched({
    gate = gate,
    hold_gate = gate or (paused == 1 and OUTCOME.pool_paused) or (holds_stopped == 1 and OUTCOME.holds_stopped) or nil,
    frozen = frozen == 1, guarded = guarded == 1, opens_at = opens_at, hold_ttl = hold_ttl, extension = extension,
    payment_window = payment_window, cooldown = cooldown, retention = retention, max_extensions = max_extensions,
    same_mark_cap = same_mark_cap, backlog_max = backlog_max, rows = rows, digit_values = digit_values,
    tariffs = tariffs, tariffs_from = from, cuts = cuts,
  })
end)

-- The tariff in force.
local function tariff_at(terms, now)
  local from = terms.tariffs_from
  for i = #from, 1, -1 do
    if from[i] <= now then
      return terms.tariffs[i]
    end
  end
end

-- The next change of price.
local function cut_after(terms, now)
  local cuts = terms.cuts
  for i = 1, #cuts do
    if cuts[i] > now then
      return cuts[i]
    end
  end
end

-- Reads what the pool obeys. Gives a batch that nothing was done in yet.
local function open_pool(keys)
  local now = clock(keys)
  local conf = redis.call('HMGET', keys[1], 'rules', 'revision', 'trimmed', 'lease_ms')
  if not conf[1] then
    return backed_by({ keys = keys, now = now, revision = 0, first = 1, feed = { false }, out = {} }, NO_POOL)
  end
  local terms, first = terms_of_pool(conf[1]), (conf[2] or 0) + 1
  local b = backed_by({
    keys = keys, now = now, revision = first - 1, first = first, tariff = tariff_at(terms, now),
    backlog_at = (conf[3] or 0) + terms.backlog_max, feed = { false, nil, nil, nil, nil }, out = { nil },
    -- The ninth: a table that begins with nine fields has room for sixteen, as many as any verb needs.
    shared = false,
  }, terms)
  if #terms.cuts > 0 then
    b.cut = cut_after(terms, now)
  end
  if now < terms.opens_at and not terms.hold_gate then
    b.hold_gate = OUTCOME.not_open
  end
  -- While the clock is in doubt no deadline passes: a clock that jumps ahead must take no hold away.
  if terms.guarded and now > (tonumber(conf[4]) or 0) then
    b.frozen = true
  end
  return b
end

-- The recorded answer of a request, or nil when it is new or forgotten: it is kept for the pool's retention,
-- counted from when it was first given, while the clock is trusted. The same id with another digest is refused.
local function recorded_answer(b, id, digest, read, ordinal)
  local recorded = b.answers[id] or read
  if not recorded then
    return nil
  end
  if not b.frozen and b.now >= unpack_bytes('<I6', recorded, 21) + b.retention then
    return nil
  end
  if sub(recorded, 1, 8) ~= digest then
    return pack('<BBI4I6I6', OUTCOME.request_id_reused, 0, ordinal, 0, b.now)
  end
  return sub(recorded, 9)
end

-- Keeps an answer under its request id.
local function record_answer(b, id, digest, answer)
  put_change(b, 'answers', id, digest .. answer)
end

-- Packs an answer that has no more to say than its outcome.
local function plain_answer(b, outcome, ordinal)
  return pack('<BBI4I6I6', outcome, 0, ordinal, b.revision, b.now)
end

-- Packs an answer that says when asking again may help.
local function retry_answer(b, outcome, ordinal, retry_at)
  return pack('<BBI4I6I6I6', outcome, 2, ordinal, b.revision, b.now, retry_at)
end

-- Packs an answer with the record that it is about.
local function record_answer_of(b, outcome, ordinal, record)
  return pack('<BBI4I6I6I2', outcome, 1, ordinal, b.revision, b.now, #record) .. record
end

-- Whether no mark has this ordinal: digits 000, the padding of a row, or a row past the last.
local function is_never_issued(b, ordinal)
  local digits = ordinal % 1024
  return digits == 0 or digits >= b.digit_values or ordinal >= b.rows * 1024
end

-- Changes the live record of a mark; false takes it away.
local function set_record(b, field, record)
  put_change(b, 'records', field, record)
end

-- The live record of a mark, as the batch has left it; false when it has none.
local function record_now(b, field, read)
  local record = b.records[field]
  if record == nil then
    return read
  end
  return record
end

-- Takes the next revision.
local function step(b)
  local revision = b.revision + 1
  b.revision = revision
  return revision
end

-- Whether a record's deadline has passed, and the clock is trusted.
local function has_lapsed(b, record)
  local state, _, _, deadline = unpack_bytes('<BBI6I6', record)
  return state <= STATE.paying and b.now >= deadline and not b.frozen
end

-- Notes that a hold ended without a sale at `ended_at`: the applicant must wait before he holds this mark
-- again, and the hold counts on the day on which it was taken.
local function note_cooldown(b, field, record, ended_at)
  local held_at = unpack_bytes('<I6', record, 15)
  local key = field .. sub(record, 43, 58)
  local day, count = floor((held_at + LOCAL_OFFSET_MS) / DAY_MS), 1
  local before = b.notes[key] or b.cooldowns[key]
  if before then
    local _, day_before, count_before = unpack_bytes('<I6I4I2', before)
    if day_before == day then
      count = min(count_before + 1, 65535)
    end
  end
  put_change(b, 'notes', key, pack('<I6I4I2', ended_at, day, count))
end

-- Takes a lapsed record away: a transition of its own, the keeper's, under the id of the hold that ended. It
-- ended at its deadline, whenever that was noticed: nobody waits longer because a sweeper came late.
local function expire_record(b, field, ordinal, record)
  step(b)
  local feed = b.feed
  local n = #feed
  feed[n + 1] = pack('<BBI4I2', VERB.expire, 16, ordinal, 36)
  feed[n + 2] = sub(record, 27, 42)
  feed[n + 3] = char(CHANNEL.keeper, 1)
  feed[n + 4] = sub(record, 43, 58)
  feed[n + 5] = char(0, 0)
  note_cooldown(b, field, record, (unpack_bytes('<I6', record, 9)))
  set_record(b, field, false)
end

-- Keeps what was read of an applicant's cool-down of a mark; `key` is both.
local function note_read(b, key, note)
  if b.cooldowns == NOTHING then
    b.cooldowns = {}
  end
  b.cooldowns[key] = note
end

-- Reads the cool-down entries of these marks and applicants into the batch, once for all of them.
local function read_cooldowns(b, keys_of_notes)
  if #keys_of_notes == 0 then
    return
  end
  local found = redis.call('HMGET', b.keys[6], unpack(keys_of_notes))
  for i = 1, #keys_of_notes do
    if found[i] then
      note_read(b, keys_of_notes[i], found[i])
    end
  end
end

-- Marks that lie close together, as a registry sorted by place brings them, are one stretch of bytes of the planes.
-- BITFIELD parses and allocates three arguments a mark; beyond so many bytes moving the stretch costs more.
local STRETCH_BYTES = 2048

-- Beyond every pool; a server takes no bit of a greater one.
local NO_MARK = 2 ^ 30

-- What the planes say of a mark, two bits: 0 nothing, so it is offered.
local ISSUED, WITHHELD = 1, 2

-- The first and the last byte of the planes that hold these ordinals: four marks a byte.
local function stretch_of(ordinals)
  local first, last = ordinals[1], ordinals[1]
  for i = 2, #ordinals do
    first, last = min(first, ordinals[i]), max(last, ordinals[i])
  end
  return floor(first / 4), floor(last / 4)
end

-- What the planes say of marks, in order. A byte's first mark has its highest bits, and what was never written is 0.
local function read_planes(key, ordinals)
  local bits = {}
  if #ordinals == 0 then
    return bits
  end
  local from, to = stretch_of(ordinals)
  if to - from < STRETCH_BYTES then
    local stretch = redis.call('GETRANGE', key, from, to)
    for i = 1, #ordinals do
      local four = byte(stretch, floor(ordinals[i] / 4) - from + 1) or 0
      bits[i] = floor(four / 4 ^ (3 - ordinals[i] % 4)) % 4
    end
    return bits
  end
  bits[1], bits[2] = 'BITFIELD_RO', key
  for i = 1, #ordinals do
    local n = 3 * i
    bits[n], bits[n + 1], bits[n + 2] = 'GET', 'u2', 2 * min(ordinals[i], NO_MARK)
  end
  return redis.call(unpack(bits))
end

local function is_issued(planes)
  return planes % 2 == 1
end

local function is_withheld(planes)
  return planes >= WITHHELD
end

-- Reads fields of a hash, in order.
local function read_hash(key, fields)
  if #fields == 0 then
    return {}
  end
  return redis.call('HMGET', key, unpack(fields))
end

-- The planes of a mark in a transition: taken 1, issued 2, withheld 4.
local function plane_bits(b, ordinal, taken, planes)
  if planes < WITHHELD and is_never_issued(b, ordinal) then
    planes = planes + WITHHELD
  end
  return (taken and 1 or 0) + 2 * planes
end

-- Adds a transition to the feed: `parts` are its planes and what follows them, up to three pieces already packed.
local function put_transition(b, verb, ordinal, parts, one, two, three)
  local feed = b.feed
  local n = #feed
  feed[n + 1] = pack('<BBI4', verb, parts, ordinal) .. one
  if two then
    feed[n + 2] = two
  end
  if three then
    feed[n + 3] = three
  end
end

-- Packs a part of a transition or an answer: its length and its bytes.
local function part(bytes)
  return pack('<I2', #bytes) .. bytes
end

-- Writes the cool-down entries of the batch. They may be forgotten when both rules have let go of them.
local function write_cooldowns(b)
  local notes = b.notes
  if #notes > 0 then
    local midnight = (floor((b.now + LOCAL_OFFSET_MS) / DAY_MS) + 1) * DAY_MS - LOCAL_OFFSET_MS
    write_changes(b.keys[6], notes)
    redis.call('RPUSH', b.keys[7], pack('<I6', max(b.now + b.cooldown, midnight)) .. concat(notes))
  end
end

-- The marks, with their revisions, of the holds that end at the same moment as the last one of this call, if they end
-- then: a list of deadlines keeps the order in which holds were given.
local function due_marks(b, ends)
  local due = b.due
  local n = #due
  if due[n - 1] == ends then
    return due[n]
  end
  local marks = { nil, nil, nil }
  if n == 0 then
    b.due = { ends, marks }
  else
    due[n + 1] = ends
    due[n + 2] = marks
  end
  return marks
end

-- Notes when a hold is over.
local function note_deadline(b, ends, mark)
  local marks = due_marks(b, ends)
  marks[#marks + 1] = mark
end

-- Writes the deadlines of the batch to a list: one entry for all in a row that end together, as those of one call mostly
-- do.
local function write_deadlines(b)
  local due = b.due
  if #due == 0 then
    return
  end
  if #due == 2 then
    local marks = concat(due[2])
    if marks ~= '' then
      redis.call('RPUSH', b.due_key, due[1] .. marks)
    end
    return
  end
  local entries = { 'RPUSH', b.due_key }
  for i = 1, #due, 2 do
    local marks = due[i + 1]
    if #marks > 0 then
      entries[#entries + 1] = due[i] .. concat(marks)
    end
  end
  call_with(entries, 3)
end

-- Writes the batch's entry of the feed and the pool's revision.
local function write_feed(b)
  local keys, feed = b.keys, b.feed
  local pool = sub(keys[1], 2, find(keys[1], '}', 1, true) - 1)
  feed[1] = pack('<BI6I6I2B', 1, b.now, b.first, b.revision - b.first + 1, #pool) .. pool
  -- Written out here: Redis 7.2.0 to 7.2.4 make 1e+8 of a number that is a multiple of it. An id without a second part
  -- has 0 there.
  local revision = format('%.0f', b.revision)
  redis.call('XADD', keys[4], revision, 'e', concat(feed))
  redis.call('HSET', keys[1], 'revision', revision)
end

-- The present moment in six bytes, as the batch's entry of the feed has it, if there is one.
local function moment_of(b)
  local head = b.feed[1]
  return head and sub(head, 2, 7) or pack('<I6', b.now)
end

-- Writes the answers of the batch, and when they were given, so that they can be forgotten in time.
local function write_answers(b)
  local ids, answers = b.kept_ids, b.answers
  if answers ~= NOTHING then
    ids = ids .. concat(answers)
  end
  if ids ~= '' then
    write_changes(b.keys[2], answers, b.kept)
    redis.call('RPUSH', b.keys[3], moment_of(b) .. ids)
  end
end

-- Writes everything the batch has changed, the feed first, and gives the reply. That a mark is taken is said by its
-- record and by nothing else: a bit beside it could only ever say the same.
local function commit(b)
  if b.revision >= b.first then
    write_feed(b)
    write_changes(b.keys[5], b.records, b.given)
    write_cooldowns(b)
    write_deadlines(b)
  end
  write_answers(b)
  return concat(b.out)
end
