-- withhold: takes marks off sale, by rule. One request, an answer a mark.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 planes
-- Arguments  as prelude/marks.lua says; the note is the reason
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, conflict, already_withheld, withheld
-- Flags      none

register('withhold', function(keys, arguments)
  local request = take_marks_apart(arguments)
  local b = open_pool(keys)
  local answer = marks_gate(b, request, true)
  if answer then
    return answer
  end
  local ordinals = request.ordinals
  local records, planes = read_hash(keys[5], pieces(request.packed, 1, 4)), read_planes(keys[8], ordinals)
  local answers, changed, marks, done = {}, {}, {}, {}
  for i = 1, request.count do
    local ordinal, outcome = ordinals[i], OUTCOME.withheld
    if records[i] then
      outcome = OUTCOME.conflict
    elseif is_withheld(planes[i]) or done[ordinal] or is_never_issued(b, ordinal) then
      outcome = OUTCOME.already_withheld
    else
      step(b)
      done[ordinal] = true
      changed[#changed + 1] = ordinal
      marks[#marks + 1] = pack('<BI4', plane_bits(b, ordinal, false, planes[i] + WITHHELD), ordinal)
    end
    answers[i] = plain_answer(b, outcome, ordinal)
  end
  put_run(b, VERB.withhold, request, marks)
  record_answer(b, request.id, request.digest, concat(answers))
  b.out = answers
  local reply = commit(b)
  write_plane(keys[8], changed, WITHHELD, 1)
  return reply
end)
