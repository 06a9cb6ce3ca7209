-- import: marks as on the road what the registry says is. One request and one answer, however many marks.
-- A live record is stronger than the registry, even one past its deadline: it stays, and somebody must look.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 planes
-- Arguments  as prelude/marks.lua says, without a note
-- Reply      one answer, with counts: imported u16, already imported u16, conflicts (count u16, u32*),
--            never issued (count u16, u32*)
-- Outcomes   request_id_reused, pool_unknown, read_only, imported, conflict, already_imported, never_issued:
--            the first that any mark met with
-- Flags      none: under memory pressure the registry can wait

local function import_answer(b, imported, already, conflicts, never)
  local outcome = OUTCOME.never_issued
  if imported > 0 then
    outcome = OUTCOME.imported
  elseif #conflicts > 0 then
    outcome = OUTCOME.conflict
  elseif already > 0 then
    outcome = OUTCOME.already_imported
  end
  local counts = pack('<I2I2I2', imported, already, #conflicts) .. concat(conflicts) .. pack('<I2', #never) .. concat(never)
  return pack('<BBI4I6I6', outcome, 128, NO_ORDINAL, b.revision, b.now) .. part(counts)
end

register('import', function(keys, arguments)
  local request = take_marks_apart(arguments)
  local b = open_pool(keys)
  local answer = marks_gate(b, request, false)
  if answer then
    return answer
  end
  local ordinals, packed = request.ordinals, request.packed
  local records, planes = read_hash(keys[5], pieces(packed, 1, 4)), read_planes(keys[8], ordinals)
  local changed, marks, conflicts, never, already, done = {}, {}, {}, {}, 0, {}
  for i = 1, request.count do
    local ordinal = ordinals[i]
    local field = sub(packed, 4 * i - 3, 4 * i)
    if is_never_issued(b, ordinal) then
      never[#never + 1] = field
    elseif records[i] then
      conflicts[#conflicts + 1] = field
      -- Eight among the parts says import_conflict.
      marks[#marks + 1] = char(9 + 2 * planes[i]) .. field
    elseif is_issued(planes[i]) or done[ordinal] then
      already = already + 1
    else
      done[ordinal] = true
      changed[#changed + 1] = ordinal
      marks[#marks + 1] = char(2 * (planes[i] + ISSUED)) .. field
    end
  end
  b.revision = b.revision + #marks
  put_run(b, VERB.import, request, marks)
  answer = import_answer(b, #changed, already, conflicts, never)
  record_answer(b, request.id, request.digest, answer)
  b.out[1] = answer
  local reply = commit(b)
  write_plane(keys[8], changed, ISSUED, 1)
  return reply
end)
