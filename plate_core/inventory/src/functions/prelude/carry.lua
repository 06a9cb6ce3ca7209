-- What every verb but a new hold shares: its request ids are claimed first, and permits that it lengthens with them.
-- Where the shard is on the pool's server the verb does this itself, and gives back the permits of holds that it ended,
-- in one step: nothing of it can get lost in between.
--
-- A claim: id 16, digest 8, need u8 (0 nothing, 1 never to be forgotten, 2 a longer permit for an extension, 3 one for a
-- payment), hold id 16, applicant 16. A permit is never taken here: a hold whose permit is gone is over.
local NEVER_FORGOTTEN = 1

-- Lengthens the permit of a hold: its deadline, or 0 where it is gone.
local function lengthen_permit(s, need, hold, applicant, read)
  local permits = live_permits(s, s.permits[applicant] or read or '')
  local place = find_permit(permits, hold)
  if not place then
    return 0
  end
  local deadline = max(unpack_bytes('<I6', permits, place + 16), s.now + s.permit_ms[need])
  set_permits(s, applicant, sub(permits, 1, place + 15) .. pack('<I6', deadline) .. sub(permits, place + 22))
  return deadline
end

-- Reads what is known of the ids of claims, the first `count` arguments, and the permits that some want longer.
local function read_claims(s, arguments, count)
  local ids, applicants = { nil }, NOTHING
  for i = 1, count do
    local item = arguments[i]
    ids[i] = sub(item, 1, 16)
    if byte(item, 25) > NEVER_FORGOTTEN then
      applicants = applicants == NOTHING and {} or applicants
      applicants[#applicants + 1] = sub(item, 42, 57)
    end
  end
  return read_hash(s.ids_key, ids), read_fields(s.permits_key, applicants)
end

-- Judges one claim: what it is told, when that was, and the time that goes with it.
local function claim_one(s, item, claim_read, permits_read)
  local id, digest, need, hold, applicant = unpack_bytes('<c16c8Bc16c16', item)
  local claimed = claim_now(s, id, claim_read)
  if claimed then
    if sub(claimed, 1, 8) ~= digest then
      return OUTCOME.request_id_reused, s.now, 0
    end
    return unpack_bytes('<BI6I6', claimed, 9)
  end
  local deadline = need > NEVER_FORGOTTEN and lengthen_permit(s, need, hold, applicant, permits_read[applicant]) or 0
  local code = need == NEVER_FORGOTTEN and VERDICT_CLAIMED_FOR_EVER or VERDICT_CLAIMED
  set_claim(s, id, digest .. verdict(code, s.now, deadline))
  return code, s.now, deadline
end

-- Notes that the permit of a hold is needed no more.
local function note_end(b, record)
  if b.ended == NOTHING then
    b.ended = {}
  end
  b.ended[#b.ended + 1] = record
end

-- Gives back the permit of a hold that began at held_at and has ended: true if it was there. An id is kept a day and not
-- for ever: a permit whose id was claimed after that is of a later hold of the same id, and stays.
local function end_permit(s, applicant, id, held_at, permits_read, claim_read)
  local permits = s.permits[applicant] or permits_read or ''
  local place = find_permit(permits, id)
  local claimed = claim_now(s, id, claim_read)
  if not place or claimed and unpack_bytes('<I6', claimed, 10) > held_at then
    return false
  end
  set_permits(s, applicant, sub(permits, 1, place - 1) .. sub(permits, place + PERMIT_BYTES))
  return true
end

-- Gives back the permits of the holds that this call has ended.
local function end_permits(s, ended)
  local ids, applicants = {}, {}
  for i = 1, #ended do
    ids[i], applicants[i] = sub(ended[i], 27, 42), sub(ended[i], 43, 58)
  end
  local claims, permits = read_fields(s.ids_key, ids), read_fields(s.permits_key, applicants)
  for i = 1, #ended do
    local id, applicant = ids[i], applicants[i]
    end_permit(s, applicant, id, unpack_bytes('<I6', ended[i], 15), permits[applicant], claims[id])
  end
end

-- The items whose claims passed, the deadlines of their permits, and the answers of those that did not pass, by their
-- places in the batch.
local function pass_items(s, arguments, count)
  local claims, permits = read_claims(s, arguments, count)
  local passed, lengthened, refused = { nil }, { nil }, NOTHING
  for i = 1, count do
    local item = arguments[count + i]
    local code, at, time = claim_one(s, arguments[i], claims[i], permits)
    if code == VERDICT_CLAIMED or code == VERDICT_CLAIMED_FOR_EVER then
      local n = #passed + 1
      passed[n], lengthened[n] = item, time
    else
      refused = refused == NOTHING and {} or refused
      refused[i] = shard_answer(code, (unpack_bytes('<I4', item)), at, time)
    end
  end
  return passed, lengthened, refused
end

-- Puts the answers of items that were carried out among those that were refused before.
local function in_order(carried, refused, count)
  local out, next_one = {}, 1
  for i = 1, count do
    out[i] = refused[i]
    if not out[i] then
      out[i], next_one = carried[next_one], next_one + 1
    end
  end
  return out
end

-- Carries out a batch. `run` does its items in the pool, `finish` writes what they changed and gives the reply. `first`
-- is where the keys of the shard begin, if they are given; then the arguments are the claims and after them the items,
-- and the deadlines of their permits are those that the claims came to.
local function carry(keys, first, arguments, run, finish)
  local b = open_pool(keys)
  if not has_shard(keys, first) then
    check_batch(arguments)
    run(b, arguments)
    return finish(b)
  end
  local s, count = open_shard(keys, first, b.now), #arguments / 2
  if count < 1 or count > BATCH_MAX or count % 1 ~= 0 then
    error('a batch has 1 to 128 items, not ' .. count, 0)
  end
  local passed, lengthened, refused = pass_items(s, arguments, count)
  if #passed > 0 then
    b.lengthened = lengthened
    run(b, passed)
  end
  if refused ~= NOTHING then
    b.out = in_order(b.out, refused, count)
  end
  if b.ended ~= NOTHING then
    end_permits(s, b.ended)
  end
  local reply = #passed > 0 and finish(b) or concat(b.out)
  write_changes(s.permits_key, s.permits)
  write_claims(s, moment_of(b))
  return reply
end
