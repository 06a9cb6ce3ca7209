-- readmit: puts withheld marks back on sale. One request, an answer a mark.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 planes
-- Arguments  as prelude/marks.lua says, without a note
-- Reply      the answers, one after the other
-- Outcomes   request_id_reused, pool_unknown, read_only, never_issued, not_withheld, readmitted
-- Flags      none

register('readmit', function(keys, arguments)
  local request = take_marks_apart(arguments)
  local b = open_pool(keys)
  local answer = marks_gate(b, request, true)
  if answer then
    return answer
  end
  local ordinals = request.ordinals
  local planes = read_planes(keys[8], ordinals)
  local answers, changed, marks, done = {}, {}, {}, {}
  for i = 1, request.count do
    local ordinal, outcome = ordinals[i], OUTCOME.readmitted
    if is_never_issued(b, ordinal) then
      outcome = OUTCOME.never_issued
    elseif not is_withheld(planes[i]) or done[ordinal] then
      outcome = OUTCOME.not_withheld
    else
      step(b)
      done[ordinal] = true
      changed[#changed + 1] = ordinal
      marks[#marks + 1] = pack('<BI4', plane_bits(b, ordinal, false, planes[i] - WITHHELD), ordinal)
    end
    answers[i] = plain_answer(b, outcome, ordinal)
  end
  put_run(b, VERB.readmit, request, marks)
  record_answer(b, request.id, request.digest, concat(answers))
  b.out = answers
  local reply = commit(b)
  write_plane(keys[8], changed, WITHHELD, 0)
  return reply
end)
