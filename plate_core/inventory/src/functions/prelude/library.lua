-- What every function shares: names brought near, and how a function is registered.
--
-- Numbers of outcomes, states and verbs are written as OUTCOME.held, STATE.held, VERB.hold and so on; the
-- assembler puts in the numbers of the Rust vocabulary, so each is written once and a misspelt one fails
-- the assembly. All packed bytes are described in src/codec/mod.rs.
--
-- Every function that changes marks takes these keys first, in this order, and its own after them:
--   1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns

-- While a library loads, a server shows it none of Lua's own names, and of its own only what registers functions. So the
-- names are brought near by the first call: a name of one's own costs a third of one that is looked up.
local loading = redis
local function running()
  return redis, unpack
end
local redis, unpack
local pack, unpack_bytes, sub, byte, char, find, format, concat, min, max, floor, backed_by
-- Every byte as a string of its own.
local BYTES = {}
local function bring_near()
  redis, unpack = running()
  pack, unpack_bytes = struct.pack, struct.unpack
  sub, byte, char, find, format = string.sub, string.byte, string.char, string.find, string.format
  concat, min, max, floor, backed_by = table.concat, math.min, math.max, math.floor, setmetatable
  for value = 0, 255 do
    BYTES[value] = char(value)
  end
end

local BATCH_MAX = 128
local DAY_MS = 86400000
local LOCAL_OFFSET_MS = 18000000 -- UTC+5, the country's one time zone
local NO_ORDINAL = 4294967295
local NOTHING = {} -- nobody writes to it

-- Registers `verb` under the library's own name, so that the functions of two versions live side by side.
-- `flags`: 'no-writes', or 'allow-oom' for what must go on when the store's memory is full.
local function register(verb, callback, ...)
  loading.register_function({
    function_name = '@LIBRARY@_' .. verb,
    callback = function(keys, arguments)
      if not pack then
        bring_near()
      end
      return callback(keys, arguments)
    end,
    flags = { ... },
  })
end

-- A batch beyond its bound is a fault of the caller, not an outcome of an item.
local function check_batch(items)
  if #items < 1 or #items > BATCH_MAX then
    error('a batch has 1 to 128 items, not ' .. #items, 0)
  end
end

-- Takes a list of byte strings from a packed list of equal pieces.
local function pieces(bytes, from, size)
  local list = {}
  for at = from, #bytes, size do
    list[#list + 1] = sub(bytes, at, at + size - 1)
  end
  return list
end

-- The numbers of a packed list of ordinals.
local function unpack_ordinals(packed)
  local count = #packed / 4
  local ordinals = { unpack_bytes('<' .. string.rep('I4', count), packed) }
  -- After the numbers comes the place where unpacking stopped.
  ordinals[count + 1] = nil
  return ordinals
end

-- Reads terms, and remembers what it read: the same bytes say the same for ever, so what is remembered is never old.
-- A batch falls back to its terms for what it has not set itself.
local TERMS_MAX = 256
local function remembering(read)
  local known, count = {}, 0
  return function(bytes)
    local terms = known[bytes]
    if not terms then
      if count == TERMS_MAX then
        known, count = {}, 0
      end
      terms = read(bytes)
      terms.__index = terms
      known[bytes], count = terms, count + 1
    end
    return terms
  end
end

-- What a batch changes in a hash: the list part says which fields, in order, and under each field stands its value; ''
-- or false where it is taken away. Made by the first change, since most calls change few hashes.
local function put_change(of, name, field, value)
  local changes = of[name]
  if changes == NOTHING then
    of[name] = { field, [field] = value }
    return
  end
  if changes[field] == nil then
    changes[#changes + 1] = field
  end
  changes[field] = value
end

-- Runs a command of which only the arguments vary; nothing to say, nothing to run.
local function call_with(arguments, least)
  if #arguments >= least then
    return redis.call(unpack(arguments))
  end
end

-- Writes what a batch has changed in a hash. `kept` is a command that sets some fields already.
local function write_changes(key, changes, kept)
  if changes == NOTHING then
    return kept and call_with(kept, 3)
  end
  if not kept and #changes == 1 then
    local field = changes[1]
    local value = changes[field]
    if value and value ~= '' then
      redis.call('HSET', key, field, value)
    else
      redis.call('HDEL', key, field)
    end
    return
  end
  local gone = NOTHING
  for i = 1, #changes do
    local field = changes[i]
    local value = changes[field]
    if value and value ~= '' then
      kept = kept or { 'HSET', key, nil, nil }
      local n = #kept
      kept[n + 1], kept[n + 2] = field, value
    else
      gone = gone == NOTHING and { 'HDEL', key } or gone
      gone[#gone + 1] = field
    end
  end
  call_with(kept or NOTHING, 3)
  call_with(gone, 3)
end

-- Drops entries from the head of a list.
local function drop_head(key, count)
  if count > 0 then
    redis.call('LPOP', key, count)
  end
end
