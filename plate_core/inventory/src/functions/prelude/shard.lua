-- What every function that looks at the shard shares: who may take how many holds, across pools.
--
-- A permit is (hold id, deadline) and never a counter, so a lost one heals by itself at its deadline. `open`
-- counts the passes of the hold's id that have not been answered for good: the same id may be under way twice
-- around the opening hour, one answered not_open and the other held, and the permit must stay for the second.
--
-- A claim is forgotten when its time is over; that of a payment's transaction never is, for a transaction buys one
-- mark, however late somebody names it again.
--
-- Packed here: claim of an id = digest 8, verdict u8, at_ms u48, time u48, and where the verdict is answered, the answer;
-- permit = hold id 16, deadline_ms u48, open u8, one after the other; operator's day = day u32, count u16.
local VERDICT_CLAIMED, VERDICT_ADMITTED, VERDICT_AGAIN, VERDICT_CLAIMED_FOR_EVER = 0, 250, 251, 252
local VERDICT_ANSWERED = 253
local ANSWER_AT = 22
local PERMIT_BYTES = 23

-- Whether the keys of a shard are among those of a verb, the first of them given: they are not where the shard is on
-- another server.
local function has_shard(keys, first)
  return keys[first + 4] ~= nil
end

-- What the bytes of a shard's terms say.
local terms_of_shard = remembering(function(bytes)
  local frozen, guarded, person, entity, operator_cap, hold_permit, extension_permit, payment_permit, retention =
    unpack_bytes('<BBI2I2I2I6I6I6I6', bytes)
  return {
    frozen = frozen == 1, guarded = guarded == 1, limits = { person, entity }, least_limit = min(person, entity),
    operator_cap = operator_cap, permit_ms = { hold_permit, extension_permit, payment_permit }, retention = retention,
    claims = NOTHING, permits = NOTHING, days = NOTHING, days_read = NOTHING, answered_apart = NOTHING,
    kept_ids = '',
  }
end)

-- Reads what the shard obeys; `first` is where its keys begin, `now` what the clock said.
local function open_shard(keys, first, now)
  local conf = redis.call('HMGET', keys[first], 'terms', 'lease_ms')
  if not conf[1] then
    error('the shard has no limits: configure it first', 0)
  end
  local terms = terms_of_shard(conf[1])
  local s = backed_by({
    now = now, ids_key = keys[first + 1], due_ids_key = keys[first + 2], permits_key = keys[first + 3],
    days_key = keys[first + 4], permit_deadline = now + terms.permit_ms[1], claims = NOTHING, permits = NOTHING,
    kept_ids = '',
  }, terms)
  if terms.guarded and now > (tonumber(conf[2]) or 0) then
    s.frozen = true
  end
  return s
end

-- What a claim was told: a code, when, and the time that goes with it.
local function verdict(code, at, time)
  return pack('<BI6I6', code, at, time)
end

-- A packed answer of the shard: the pool has not heard of it, so no revision is known.
local function shard_answer(outcome, ordinal, at, retry_at)
  if retry_at == 0 then
    return pack('<BBI4I6I6', outcome, 0, ordinal, 0, at)
  end
  return pack('<BBI4I6I6I6', outcome, 2, ordinal, 0, at, retry_at)
end

-- The claim under an id, or nil when there is none or its time is over.
local function claim_now(s, id, read)
  local claim = s.claims[id] or read
  if not claim or byte(claim, 9) == VERDICT_CLAIMED_FOR_EVER then
    return claim
  end
  if not s.frozen and s.now >= unpack_bytes('<I6', claim, 10) + s.retention then
    return nil
  end
  return claim
end

local function set_claim(s, id, claim)
  put_change(s, 'claims', id, claim)
end

local function set_permits(s, applicant, permits)
  put_change(s, 'permits', applicant, permits)
end

-- Where in a list of permits that of a hold begins, or nil.
local function find_permit(permits, id)
  for at = 1, #permits, PERMIT_BYTES do
    if sub(permits, at, at + 15) == id then
      return at
    end
  end
end

-- The permits that have not healed, how many they are, and when the first of them ends.
local function live_permits(s, permits)
  if permits == '' then
    return permits, 0
  end
  local earliest, count, kept = nil, 0, {}
  for at = 1, #permits, PERMIT_BYTES do
    local deadline = unpack_bytes('<I6', permits, at + 16)
    if s.frozen or deadline > s.now then
      count = count + 1
      kept[count] = sub(permits, at, at + PERMIT_BYTES - 1)
      earliest = min(earliest or deadline, deadline)
    end
  end
  if count * PERMIT_BYTES == #permits then
    return permits, count, earliest
  end
  return concat(kept), count, earliest
end

-- Reads fields of a hash into a table by field, once for all of them.
local function read_fields(key, fields)
  local values = {}
  if #fields > 0 then
    local found = redis.call('HMGET', key, unpack(fields))
    for i = 1, #fields do
      values[fields[i]] = found[i]
    end
  end
  return values
end

-- Writes the claims of a batch, and when they were made, so that they can be forgotten in time.
local function write_claims(s, moment)
  local ids, claims = s.kept_ids, s.claims
  if claims ~= NOTHING then
    ids = ids .. concat(claims)
  end
  if ids ~= '' then
    write_changes(s.ids_key, claims, s.kept)
    redis.call('RPUSH', s.due_ids_key, moment .. ids)
  end
end
