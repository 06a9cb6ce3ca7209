-- take_lease: takes a lease, or renews one's own. It ends at its deadline, which is a field and no native TTL.
--
-- Keys       1 leases
-- Arguments  (1) name  (2) holder  (3) how long it is to last, ms, as text
-- Reply      two integers: 1 if the holder has it now, else 0; and when it ends
-- Flags      allow-oom: a keeper must be elected when memory is full

register('take_lease', function(keys, arguments)
  local name, holder, lasts = arguments[1], arguments[2], tonumber(arguments[3])
  local now = clock(keys)
  local value = redis.call('HGET', keys[1], name)
  local ends = value and unpack_bytes('<I6', value) or 0
  if ends > now and sub(value, 7) ~= holder then
    return { 0, ends }
  end
  redis.call('HSET', keys[1], name, pack('<I6', now + lasts) .. holder)
  return { 1, now + lasts }
end, 'allow-oom')
