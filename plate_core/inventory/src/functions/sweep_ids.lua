-- sweep_ids: forgets request ids whose time is over, and permits that have healed.
--
-- Keys       1 conf  2 ids  3 due_ids  4 permits
-- Arguments  applicants whose permits are to be looked at, 16 bytes each; may be none
-- Reply      how many ids were forgotten
-- Flags      allow-oom: it frees memory

-- Entries of due_ids looked at in one call; each has up to 128 ids.
local FORGET_ENTRIES = 8

register('sweep_ids', function(keys, applicants)
  local s = open_shard(keys, 1, clock(keys))
  if s.frozen then
    return 0
  end
  local entries = redis.call('LRANGE', keys[3], 0, FORGET_ENTRIES - 1)
  local ids, over = {}, 0
  for i = 1, #entries do
    if s.now < unpack_bytes('<I6', entries[i]) + s.retention then
      break
    end
    over = i
    for at = 7, #entries[i], 16 do
      ids[#ids + 1] = sub(entries[i], at, at + 15)
    end
  end
  local claims, permits = read_fields(keys[2], ids), read_fields(keys[4], applicants)
  local gone = { 'HDEL', keys[2] }
  for i = 1, #ids do
    -- An id that came again after its time stands anew, and has a later entry.
    if claims[ids[i]] and not claim_now(s, ids[i], claims[ids[i]]) then
      gone[#gone + 1] = ids[i]
    end
  end
  for i = 1, #applicants do
    local held = permits[applicants[i]]
    local alive = held and live_permits(s, held)
    if held and alive ~= held then
      set_permits(s, applicants[i], alive)
    end
  end
  call_with(gone, 3)
  drop_head(keys[3], over)
  write_changes(keys[4], s.permits)
  return #gone - 2
end, 'allow-oom')
