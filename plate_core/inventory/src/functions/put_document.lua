-- put_document: writes a document if it is at the version that the writer has read.
--
-- Keys       1 documents
-- Arguments  (1) name  (2) the expected version as text, 0 for none  (3) content
-- Reply      two integers: 1 and the new version, or 0 and the version that stands
-- Flags      none

register('put_document', function(keys, arguments)
  local name, expected, content = arguments[1], tonumber(arguments[2]), arguments[3]
  local value = redis.call('HGET', keys[1], name)
  local found = value and unpack_bytes('<I6', value) or 0
  if found ~= expected then
    return { 0, found }
  end
  redis.call('HSET', keys[1], name, pack('<I6', found + 1) .. content)
  return { 1, found + 1 }
end)
