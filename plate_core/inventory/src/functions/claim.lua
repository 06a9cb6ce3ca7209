-- claim: claims request ids for everything that is not a new hold, and lengthens the permits of holds that
-- are to last longer. It never takes a permit: a hold whose permit is gone is over.
--
-- Keys       1 conf  2 ids  3 due_ids  4 permits
-- Arguments  one a claim: id 16, digest 8, need u8 (0 nothing, 1 never to be forgotten, 2 a longer permit for an
--            extension, 3 one for a payment), hold id 16, applicant 16
-- Reply      one a claim: verdict u8, at_ms u48, time u48. A verdict is claimed (0, or 252 for ever; the time is the
--            permit's deadline, 0 for none) or the outcome of a refusal
-- Outcomes   request_id_reused, claimed
-- Flags      allow-oom: what is held must go on to be paid for and released when memory is full

local NEVER_FORGOTTEN = 1

local function claim_one(s, item, read)
  local id, digest, need, hold, applicant = unpack_bytes('<c16c8Bc16c16', item)
  local claimed = claim_now(s, id, read.claims[id])
  if claimed then
    if sub(claimed, 1, 8) ~= digest then
      return pack('<BI6I6', OUTCOME.request_id_reused, s.now, 0)
    end
    return sub(claimed, 9)
  end
  local deadline = 0
  if need > NEVER_FORGOTTEN then
    local permits = live_permits(s, s.permits[applicant] or read.permits[applicant] or '')
    local place = find_permit(permits, hold)
    if place then
      deadline = max(unpack_bytes('<I6', permits, place + 16), s.now + s.permit_ms[need])
      set_permits(s, applicant, sub(permits, 1, place + 15) .. pack('<I6', deadline) .. sub(permits, place + 22))
    end
  end
  local code = need == NEVER_FORGOTTEN and VERDICT_CLAIMED_FOR_EVER or VERDICT_CLAIMED
  local verdict = pack('<BI6I6', code, s.now, deadline)
  set_claim(s, id, digest .. verdict)
  return verdict
end

register('claim', function(keys, items)
  check_batch(items)
  local s = open_shard(keys)
  local ids, applicants = {}, {}
  for i = 1, #items do
    local id, _, need, _, applicant = unpack_bytes('<c16c8Bc16c16', items[i])
    ids[i] = id
    if need > NEVER_FORGOTTEN then
      applicants[#applicants + 1] = applicant
    end
  end
  local read = { claims = read_fields(keys[2], ids), permits = read_fields(keys[4], applicants) }
  for i = 1, #items do
    s.out[i] = claim_one(s, items[i], read)
  end
  write_fields(keys[4], s.applicants, s.permits)
  write_claims(s)
  return concat(s.out)
end, 'allow-oom')
