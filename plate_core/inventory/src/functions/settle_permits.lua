-- settle_permits: gives back permits whose hold is no more, or never came to be.
--
-- Keys       1 conf  2 ids  3 permits  4 operator_days
-- Arguments  one a permit: applicant 16, hold id 16, how u8 (1 ended, 2 refused, 3 not now), held_at_ms u48,
--            operator
-- Reply      how many were given back
-- Flags      allow-oom
--
-- ended: the hold that began at held_at_ms was released, expired or paid for. An id is kept a day and not for
-- ever: a permit whose id was claimed after that is of a later hold of the same id, and stays. refused: it was
-- never given, so the operator's count goes back too. not now: it may be tried again under the same id, so the
-- permit goes back only when no other pass of that id is under way, and the id is claimed without a permit until
-- the next pass takes one.
local ENDED, NOT_NOW = 1, 3

-- Takes one hold off an operator's day, if it is still the day on which the hold was admitted.
local function give_day_back(s, operator, value, admitted_at)
  local day, count = unpack_bytes('<I4I2', value)
  if day == floor((admitted_at + LOCAL_OFFSET_MS) / DAY_MS) and count > 0 then
    put_change(s, 'days', operator, pack('<I4I2', day, count - 1))
  end
end

local function settle_one(s, item, read)
  local applicant, id, how, held_at, at = unpack_bytes('<c16c16BI6', item)
  if how == ENDED then
    return end_permit(s, applicant, id, held_at, read.permits[applicant], read.claims[id]) and 1 or 0
  end
  local operator = sub(item, at)
  local permits = s.permits[applicant] or read.permits[applicant] or ''
  local place = find_permit(permits, id)
  if not place then
    return 0
  end
  local before, after = sub(permits, 1, place - 1), sub(permits, place + PERMIT_BYTES)
  local claimed = claim_now(s, id, read.claims[id])
  -- Another pass of the id was answered in one step with its admission: the permit is that one's.
  if claimed and byte(claimed, 9) == VERDICT_ANSWERED then
    return 0
  end
  if how == NOT_NOW then
    local open = byte(permits, place + 22) - 1
    if open > 0 then
      set_permits(s, applicant, before .. sub(permits, place, place + 21) .. char(open) .. after)
      return 0
    end
    if claimed then
      set_claim(s, id, sub(claimed, 1, 8) .. pack('<B', VERDICT_CLAIMED) .. sub(claimed, 10))
    end
  end
  set_permits(s, applicant, before .. after)
  local value = operator ~= '' and (s.days[operator] or read.days[operator])
  if value and claimed then
    give_day_back(s, operator, value, (unpack_bytes('<I6', claimed, 10)))
  end
  return 1
end

register('settle_permits', function(keys, items)
  check_batch(items)
  local s = open_shard(keys, 1, clock(keys))
  local applicants, ids, operators = {}, {}, {}
  for i = 1, #items do
    local applicant, id, _, _, at = unpack_bytes('<c16c16BI6', items[i])
    applicants[i], ids[i] = applicant, id
    if #items[i] >= at then
      operators[#operators + 1] = sub(items[i], at)
    end
  end
  local read = {
    permits = read_fields(keys[3], applicants),
    claims = read_fields(keys[2], ids),
    days = read_fields(keys[4], operators),
  }
  local given_back = 0
  for i = 1, #items do
    given_back = given_back + settle_one(s, items[i], read)
  end
  write_changes(keys[3], s.permits)
  write_changes(keys[4], s.days)
  write_changes(keys[2], s.claims)
  return given_back
end, 'allow-oom')
