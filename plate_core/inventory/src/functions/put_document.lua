-- put_document: writes a document if it is at the version that the writer has read, and tells the feed of it.
--
-- Keys       1 conf  2 feed  3 documents
-- Arguments  (1) name  (2) the expected version as text, 0 for none  (3) content  (4) act  (5) how many changes
--            may wait for the journal, as text
-- Reply      two integers: 1 and the new version; 0 and the version that stands, where it is another; 2 and
--            the version that stands, where too many changes wait
-- Flags      none

register('put_document', function(keys, arguments)
  local name, expected, content, act = arguments[1], tonumber(arguments[2]), arguments[3], arguments[4]
  local value = redis.call('HGET', keys[3], name)
  local found = value and unpack_bytes('<I6', value) or 0
  if found ~= expected then
    return { 0, found }
  end
  local f = open_feed(keys, tonumber(arguments[5]))
  if f.room < 1 then
    return { 2, found }
  end
  local version = found + 1
  local transition = pack('<BBI4', VERB.put_document, 16, NO_ORDINAL) .. part(act)
  local document = pack('<BB', 1, #name) .. name .. pack('<I6I4', version, #content) .. content
  append_entry(f, 2, 1, transition .. document)
  redis.call('HSET', keys[3], name, pack('<I6', version) .. content)
  return { 1, version }
end)
