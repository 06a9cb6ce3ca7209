-- configure_shard: sets the limits that hold across pools, where those stand that the caller has read: he sends all
-- of them to change one, and must not put back what another has changed meanwhile.
--
-- Keys       1 conf
-- Arguments  (1) the terms, packed; (2) the terms that were read, empty where there were none
-- Reply      1, or 0 where other terms stand than were read: read them, and ask again
-- Flags      allow-oom: a kill switch must work when memory is full

register('configure_shard', function(keys, arguments)
  if (redis.call('HGET', keys[1], 'terms') or '') ~= arguments[2] then
    return 0
  end
  redis.call('HSET', keys[1], 'terms', arguments[1])
  return 1
end, 'allow-oom')
