-- What withhold, readmit and import share: one request that names many marks.
--
-- Arguments of theirs: (1) request id 16, digest 8, note length u16, note, act; (2) ordinals u32, one after the
-- other. In the feed they are a run: one act, and many marks with the planes each has after it.

local function take_marks_apart(arguments)
  local id, digest, note_length, at = unpack_bytes('<c16c8I2', arguments[1])
  local packed = arguments[2]
  local count = #packed / 4
  if count < 1 or count > BATCH_MAX then
    error('a batch has 1 to ' .. BATCH_MAX .. ' items, not ' .. count, 0)
  end
  return {
    id = id, digest = digest, note = sub(arguments[1], at, at + note_length - 1),
    act = sub(arguments[1], at + note_length), packed = packed, count = count, ordinals = unpack_ordinals(packed),
  }
end

-- Adds the run to the feed: `marks` are its marks, each packed as planes u8 and ordinal u32.
local function put_run(b, verb, request, marks)
  if #marks == 0 then
    return
  end
  local run = part(concat(marks))
  if request.note == '' then
    put_transition(b, verb, NO_ORDINAL, 144, part(request.act), run)
  else
    put_transition(b, verb, NO_ORDINAL, 208, part(request.act), part(request.note), run)
  end
end

-- Sets or clears one plane's bits of marks: those of one stretch together, others one by one.
local function write_plane(key, ordinals, plane, bit)
  if #ordinals == 0 then
    return
  end
  local from, to = stretch_of(ordinals)
  if to - from < STRETCH_BYTES then
    local bytes = { byte(redis.call('GETRANGE', key, from, to), 1, -1) }
    for at = #bytes + 1, to - from + 1 do
      bytes[at] = 0
    end
    for i = 1, #ordinals do
      local at, weight = floor(ordinals[i] / 4) - from + 1, plane * 4 ^ (3 - ordinals[i] % 4)
      local is_set = floor(bytes[at] / weight) % 2
      bytes[at] = bytes[at] + (bit - is_set) * weight
    end
    redis.call('SETRANGE', key, from, char(unpack(bytes)))
    return
  end
  local bits = { 'BITFIELD', key }
  for i = 1, #ordinals do
    local n = 4 * i - 1
    -- The first bit of a mark is the one that weighs more: withheld.
    bits[n], bits[n + 1], bits[n + 2], bits[n + 3] = 'SET', 'u1', 2 * ordinals[i] + WITHHELD - plane, bit
  end
  redis.call(unpack(bits))
end

-- The answer of a known request, or that of a pool that takes no change, an answer a mark; nil when it is new.
local function marks_gate(b, request, each)
  local read = redis.call('HGET', b.keys[2], request.id)
  local known = recorded_answer(b, request.id, request.digest, read, NO_ORDINAL)
  if known and byte(known) ~= OUTCOME.request_id_reused then
    return known
  end
  local outcome = known and OUTCOME.request_id_reused or b.gate
  if not outcome then
    return nil
  end
  if known then
    b.revision = 0
  end
  if not each then
    return plain_answer(b, outcome, NO_ORDINAL)
  end
  local answers = {}
  for i = 1, request.count do
    answers[i] = plain_answer(b, outcome, request.ordinals[i])
  end
  return concat(answers)
end
