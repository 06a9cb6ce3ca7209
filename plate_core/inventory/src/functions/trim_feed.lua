-- trim_feed: forgets the part of the feed that the journal has on disk, and no more.
--
-- Keys       1 conf  2 feed
-- Arguments  (1) the last revision on disk, as text
-- Reply      how many entries were forgotten
-- Flags      allow-oom: it frees memory

register('trim_feed', function(keys, arguments)
  local conf = redis.call('HMGET', keys[1], 'revision', 'trimmed')
  local through = min(tonumber(arguments[1]), tonumber(conf[1]) or 0)
  if through <= (tonumber(conf[2]) or 0) then
    return 0
  end
  local forgotten = redis.call('XTRIM', keys[2], 'MINID', string.format('%.0f-0', through + 1))
  redis.call('HSET', keys[1], 'trimmed', string.format('%.0f', through))
  return forgotten
end, 'allow-oom')
