-- read: how marks stand.
--
-- Keys       1 conf  2 live  3 planes
-- Arguments  (1) ordinals u32, one after the other
-- Reply      one after the other: an answer, then its planes u8
-- Outcomes   pool_unknown, read
-- Flags      no-writes

register('read', function(keys, arguments)
  local packed = arguments[1]
  local ordinals = unpack_ordinals(packed)
  local b = open_pool(keys)
  local records = read_hash(keys[2], pieces(packed, 1, 4))
  local planes_read = read_planes(keys[3], ordinals)
  local out = {}
  for i = 1, #ordinals do
    local ordinal, record = ordinals[i], records[i]
    local planes = plane_bits(b, ordinal, record, planes_read[i])
    if b.absent then
      out[i] = plain_answer(b, OUTCOME.pool_unknown, ordinal) .. char(0)
    elseif record then
      out[i] = record_answer_of(b, OUTCOME.read, ordinal, record) .. char(planes)
    else
      out[i] = plain_answer(b, OUTCOME.read, ordinal) .. char(planes)
    end
  end
  return concat(out)
end, 'no-writes')
