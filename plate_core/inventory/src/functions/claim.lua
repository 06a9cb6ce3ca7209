-- claim: claims request ids for everything that is not a new hold, and lengthens the permits of holds that are to last
-- longer, where the pool is on another server. On one server the verbs do this themselves.
--
-- Keys       1 conf  2 ids  3 due_ids  4 permits
-- Arguments  one a claim, as prelude/carry.lua says
-- Reply      one a claim: verdict u8, at_ms u48, time u48. A verdict is claimed (0, or 252 for ever; the time is the
--            permit's deadline, 0 for none) or the outcome of a refusal
-- Outcomes   request_id_reused, claimed
-- Flags      allow-oom: what is held must go on to be paid for and released when memory is full

register('claim', function(keys, items)
  check_batch(items)
  local s = open_shard(keys, 1, clock(keys))
  local claims, permits = read_claims(s, items, #items)
  local verdicts = {}
  for i = 1, #items do
    verdicts[i] = verdict(claim_one(s, items[i], claims[i], permits))
  end
  write_changes(keys[4], s.permits)
  write_claims(s, pack('<I6', s.now))
  return concat(verdicts)
end, 'allow-oom')
