-- release: gives holds back, before payment.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns; on one server with the shard also
--            8 conf  9 ids  10 due_ids  11 permits  12 operator_days
-- Arguments  one a hold, as prelude/held.lua says, the permit not looked at; on one server with the shard a claim a
--            hold before all of them, as prelude/carry.lua says
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, mark_allotted, held_by_another, not_held,
--            revision_stale, hold_expired, released
-- Flags      allow-oom: it frees memory

local function release_one(b, item, record)
  local answer = hold_answer(b, item, record)
  if answer then
    return answer
  end
  step(b)
  put_transition(b, VERB.release, item.ordinal, 16, part(item.act))
  note_cooldown(b, item.field, record, b.now)
  set_record(b, item.field, false)
  note_end(b, record)
  return plain_answer(b, OUTCOME.released, item.ordinal)
end

local function release_all(b, arguments)
  local items, recorded, records = read_held(b, arguments)
  local notes = {}
  for i = 1, #items do
    notes[i] = items[i].field .. items[i].applicant
  end
  read_cooldowns(b, notes)
  answer_held(b, items, recorded, records, release_one)
end

register('release', function(keys, arguments)
  return carry(keys, 8, arguments, release_all, commit)
end, 'allow-oom')
