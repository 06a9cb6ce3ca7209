-- sweep: ends the holds whose deadline has passed, so that their marks are seen as free. It is a courtesy and
-- never a condition: every verb treats a hold past its deadline as over.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 taken  7 cooldowns  8 due_cooldowns
--            9 due_holds  10 due_extensions  11 due_payments
-- Arguments  (1) how many entries of each list of deadlines to look at, as text
-- Reply      one after the other: an answer, then held_at_ms u48, hold id 16 and applicant 16 of the hold that ended
-- Outcomes   pool_unknown, read_only, frozen, or expired for each hold that ended
-- Flags      allow-oom: it frees memory
--
-- An entry of a list is deadline u48, field 4, revision u48. It ends a hold only if the record still has that
-- revision, which no other record of the pool ever had, and its deadline has passed.

-- Takes what is due from the head of a list of deadlines; the list itself is not changed yet.
local function due_entries(b, key, most)
  local entries = redis.call('LRANGE', key, 0, most - 1)
  local due = {}
  for i = 1, #entries do
    if unpack_bytes('<I6', entries[i]) > b.now then
      break
    end
    due[i] = entries[i]
  end
  return due
end

local function end_holds(b, due)
  local fields, notes = {}, {}
  for i = 1, #due do
    fields[i] = sub(due[i], 7, 10)
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
    if record and sub(record, 3, 8) == sub(due[i], 11, 16) and has_lapsed(b, record) then
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
    return plain_answer(b, gate, NO_ORDINAL) .. string.rep('\0', 38)
  end
  local holds, extensions, payments =
    due_entries(b, keys[9], most), due_entries(b, keys[10], most), due_entries(b, keys[11], most)
  local due = {}
  for _, list in ipairs({ holds, extensions, payments }) do
    for i = 1, #list do
      due[#due + 1] = list[i]
    end
  end
  end_holds(b, due)
  local reply = commit(b)
  drop_head(keys[9], #holds)
  drop_head(keys[10], #extensions)
  drop_head(keys[11], #payments)
  return reply
end, 'allow-oom')
