-- configure_shard: sets the limits that hold across pools.
--
-- Keys       1 conf
-- Arguments  (1) the terms, packed
-- Reply      OK
-- Flags      allow-oom: a kill switch must work when memory is full

register('configure_shard', function(keys, arguments)
  redis.call('HSET', keys[1], 'terms', arguments[1])
  return redis.status_reply('OK')
end, 'allow-oom')
