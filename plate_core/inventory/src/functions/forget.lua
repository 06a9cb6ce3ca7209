-- forget: forgets answers whose time is over, and cool-downs that keep nobody from anything any more. A courtesy
-- to the server's memory: what is over counts for nothing, forgotten or not.
--
-- Keys       1 conf  2 requests  3 due_requests  4 cooldowns  5 due_cooldowns
-- Arguments  none
-- Reply      how many entries of the lists were done with; 0 means that there is nothing to forget now
-- Flags      allow-oom: it frees memory

-- Entries of a list looked at in one call; each has up to 128 ids.
local FORGET_ENTRIES = 8

-- What of the head of a list of (time, ids) is over: how many entries, and the ids in them.
local function due_ids(b, key, lasts, size)
  local entries = redis.call('LRANGE', key, 0, FORGET_ENTRIES - 1)
  local ids, count = {}, 0
  for i = 1, #entries do
    if b.now < unpack_bytes('<I6', entries[i]) + lasts then
      break
    end
    count = i
    for at = 7, #entries[i], size do
      ids[#ids + 1] = sub(entries[i], at, at + size - 1)
    end
  end
  return count, ids
end

-- The fields of a hash that may be forgotten, by what their values say.
local function forgettable(key, ids, may_go)
  local gone = { 'HDEL', key }
  if #ids > 0 then
    local values = read_hash(key, ids)
    for i = 1, #ids do
      if values[i] and may_go(values[i], ids[i]) then
        gone[#gone + 1] = ids[i]
      end
    end
  end
  return gone
end

register('forget', function(keys)
  local b = open_pool(keys)
  if b.gate or b.frozen then
    return 0
  end
  local request_entries, request_ids = due_ids(b, keys[3], b.retention, 16)
  local requests = forgettable(keys[2], request_ids, function(value)
    return b.now >= unpack_bytes('<I6', value, 21) + b.retention
  end)
  local today = floor((b.now + LOCAL_OFFSET_MS) / DAY_MS)
  local note_entries, note_keys = due_ids(b, keys[5], 0, 20)
  local cooldowns = forgettable(keys[4], note_keys, function(value)
    local ended_at, day = unpack_bytes('<I6I4', value)
    return day < today and b.now >= ended_at + b.cooldown
  end)
  call_with(requests, 3)
  call_with(cooldowns, 3)
  drop_head(keys[3], request_entries)
  drop_head(keys[5], note_entries)
  return request_entries + note_entries
end, 'allow-oom')
