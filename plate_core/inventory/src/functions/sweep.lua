-- sweep: ends the holds whose deadline has passed, so that their marks are seen as free. It is a courtesy and
-- never a condition: every verb treats a hold past its deadline as over.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 due_holds  9 due_extensions  10 due_payments
-- Arguments  (1) how many holds of each list of deadlines to look at, as text
-- Reply      1 where a list was looked at as far as asked for, so that it may go on, else 0; then one after the other: an
--            answer, held_at_ms u48, hold id 16 and applicant 16 of the hold that ended
-- Outcomes   pool_unknown, read_only, frozen, or expired for each hold that ended
-- Flags      allow-oom: it frees memory
--
-- An entry of a list is deadline u48, then for each hold that ends with it field 4 and revision u48. It ends a hold
-- only if the record still has that revision, which no other record of the pool ever had, and its deadline has passed.
local MARK_BYTES = 10

-- Looks at the first holds of a list of deadlines, at most so many; the list itself is not changed yet. Gives how many
-- entries are done with, what is left of the next one, if a part of it is, and whether it was looked at so far.
local function take_due(b, key, most, due)
  local entries, taken = redis.call('LRANGE', key, 0, most - 1), 0
  for i = 1, #entries do
    local entry = entries[i]
    if unpack_bytes('<I6', entry) > b.now then
      return { key = key, done = i - 1 }
    end
    for at = 7, #entry, MARK_BYTES do
      if taken == most then
        return { key = key, done = i - 1, full = true, left = at > 7 and sub(entry, 1, 6) .. sub(entry, at) }
      end
      taken = taken + 1
      due[#due + 1] = sub(entry, at, at + MARK_BYTES - 1)
    end
  end
  return { key = key, done = #entries, full = taken == most }
end

-- Takes from the head of a list what was looked at.
local function drop_due(looked_at)
  drop_head(looked_at.key, looked_at.done)
  if looked_at.left then
    redis.call('LSET', looked_at.key, 0, looked_at.left)
  end
end

local function end_holds(b, due)
  local fields, notes = {}, {}
  for i = 1, #due do
    fields[i] = sub(due[i], 1, 4)
  end
  local records = read_hash(b.keys[5], fields)
  for i = 1, #due do
    if records[i] then
      notes[#notes + 1] = fields[i] .. sub(records[i], 43, 58)
    end
  end
  read_cooldowns(b, notes)
  for i = 1, #due do
    local field = fields[i]
    local record = record_now(b, field, records[i])
    if record and sub(record, 3, 8) == sub(due[i], 5, 10) and has_lapsed(b, record) then
      local ordinal = unpack_bytes('<I4', field)
      expire_record(b, field, ordinal, record)
      b.out[#b.out + 1] = plain_answer(b, OUTCOME.expired, ordinal)
        .. sub(record, 15, 20) .. sub(record, 27, 58)
    end
  end
end

register('sweep', function(keys, arguments)
  local most = max(1, min(tonumber(arguments[1]), BATCH_MAX))
  local b = open_pool(keys)
  local gate = b.gate or (b.frozen and OUTCOME.frozen)
  if gate then
    return '\0' .. plain_answer(b, gate, NO_ORDINAL) .. string.rep('\0', 38)
  end
  local due, looked_at, full = {}, {}, '\0'
  for list = 1, 3 do
    looked_at[list] = take_due(b, keys[7 + list], most, due)
    if looked_at[list].full then
      full = '\1'
    end
  end
  end_holds(b, due)
  local answers = commit(b)
  for list = 1, 3 do
    drop_due(looked_at[list])
  end
  return full .. answers
end, 'allow-oom')
