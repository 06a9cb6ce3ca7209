-- note_refusals: writes down notifications of the payment side that were refused. They change nothing else.
--
-- Keys       1 conf  2 feed
-- Arguments  (1) how many lines may wait for the journal, as text; then one a notification: act length u16, act,
--            note length u16, note
-- Reply      how many were written down: all of them, or none where too many lines wait
-- Flags      none

register('note_refusals', function(keys, arguments)
  local count = #arguments - 1
  if count < 1 or count > BATCH_MAX then
    error('a batch has 1 to ' .. BATCH_MAX .. ' items, not ' .. count, 0)
  end
  local f = open_feed(keys, tonumber(arguments[1]))
  if f.room < count then
    return 0
  end
  local head = pack('<BBI4', VERB.refuse_notification, 80, NO_ORDINAL)
  local transitions = {}
  for i = 1, count do
    transitions[i] = head .. arguments[i + 1]
  end
  append_entry(f, 1, count, concat(transitions))
  return count
end)
