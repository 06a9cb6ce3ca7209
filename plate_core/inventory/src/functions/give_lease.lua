-- give_lease: gives a lease back before its end.
--
-- Keys       1 leases
-- Arguments  (1) name  (2) holder
-- Reply      1 if the holder had it, else 0
-- Flags      allow-oom

register('give_lease', function(keys, arguments)
  local value = redis.call('HGET', keys[1], arguments[1])
  if not value or sub(value, 7) ~= arguments[2] then
    return 0
  end
  redis.call('HDEL', keys[1], arguments[1])
  return 1
end, 'allow-oom')
