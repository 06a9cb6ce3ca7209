-- What put_document and note_refusals share: the feed of a pool that has no marks.
--
-- It is written like that of a pool with marks (prelude/pool.lua): the entry first, as the one command that a
-- server could refuse, its id the revision of its last transition. What may wait for the journal is bounded.

-- Reads where the feed stands; `room` is how many transitions it still takes.
local function open_feed(keys, backlog_max)
  local conf = redis.call('HMGET', keys[1], 'revision', 'trimmed')
  local revision = tonumber(conf[1]) or 0
  return {
    keys = keys, now = clock(keys), revision = revision,
    room = (tonumber(conf[2]) or 0) + backlog_max - revision,
  }
end

-- Appends one entry of some transitions, packed in this layout of src/codec/feed.rs.
local function append_entry(f, layout, count, transitions)
  local keys, last = f.keys, f.revision + count
  local pool = string.match(keys[1], '{(.-)}')
  local head = pack('<BI6I6I2B', layout, f.now, f.revision + 1, count, #pool) .. pool
  redis.call('XADD', keys[2], string.format('%.0f-0', last), 'e', head .. transitions)
  redis.call('HSET', keys[1], 'revision', string.format('%.0f', last))
end
