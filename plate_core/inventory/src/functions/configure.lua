-- configure: changes what a pool obeys, and founds the pool the first time. It works in a read-only pool too, or
-- no pool could be made writable again.
--
-- Somebody who changes one setting sends all of them, as he read them. So he says which terms he read, and where
-- those do not stand any more nothing is written: what another has changed meanwhile is never put back.
--
-- Keys       1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns
--            8 planes
-- Arguments  (1) request id 16, digest 8, rows u32, digit_values u16, then for a pool that is founded lease_ms u48
--            and founded_us u64, by which it is told from a later pool of its name; act; (2) the terms, with the
--            shape the pool has; (3) the settings as text and why, for the journal; (4) the terms that were read,
--            empty where there was no pool
-- Reply      one answer; empty where other terms stand than were read: read them, and ask again
-- Outcomes   request_id_reused, configured
-- Flags      allow-oom: a kill switch must work when memory is full

-- Digits 000 and the padding of each row are withheld from the beginning: two bits a mark, 256 bytes a row.
local function founding_planes(rows, digit_values)
  local row = {}
  for at = 0, 255 do
    local bits = 0
    for mark = 0, 3 do
      local digits = 4 * at + mark
      if digits == 0 or digits >= digit_values then
        bits = bits + WITHHELD * 4 ^ (3 - mark)
      end
    end
    row[at + 1] = char(bits)
  end
  return string.rep(concat(row), rows)
end

register('configure', function(keys, arguments)
  local id, digest, rows, digit_values, lease, founded_us, at = unpack_bytes('<c16c8I4I2I6I8', arguments[1])
  local act, terms, note, read = sub(arguments[1], at), arguments[2], arguments[3], arguments[4]
  local b = open_pool(keys)
  local founded = b.absent
  local known = recorded_answer(b, id, digest, redis.call('HGET', keys[2], id), NO_ORDINAL)
  if known then
    return known
  end
  if (redis.call('HGET', keys[1], 'rules') or '') ~= read then
    return ''
  end
  if not founded and (rows ~= b.rows or digit_values ~= b.digit_values) then
    error('the shape of a pool never changes', 0)
  end
  step(b)
  put_transition(b, VERB.configure, NO_ORDINAL, 80, part(act), part(note))
  local answer = plain_answer(b, OUTCOME.configured, NO_ORDINAL)
  record_answer(b, id, digest, answer)
  b.out[1] = answer
  local reply = commit(b)
  redis.call('HSET', keys[1], 'rules', terms)
  if founded then
    redis.call('HSET', keys[1], 'lease_ms', string.format('%.0f', lease), 'trimmed', '0',
      'founded_us', string.format('%.0f', founded_us))
    redis.call('SET', keys[8], founding_planes(rows, digit_values))
  end
  return reply
end, 'allow-oom')
