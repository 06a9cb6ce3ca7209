-- What every function shares: names brought near, and how a function is registered.
--
-- Numbers of outcomes, states and verbs are written as OUTCOME.held, STATE.held, VERB.hold and so on; the
-- assembler puts in the numbers of the Rust vocabulary, so each is written once and a misspelt one fails
-- the assembly. All packed bytes are described in src/codec/mod.rs.
--
-- Every function that changes marks takes these keys first, in this order, and its own after them:
--   1 conf  2 requests  3 due_requests  4 feed  5 live  6 cooldowns  7 due_cooldowns

-- While a library loads, a server shows it none of Lua's own names, so they are brought near by the first call.
local pack, unpack_bytes, sub, byte, char, concat, min, max, floor
-- Every byte as a string of its own.
local BYTES = {}
local function bring_near()
  pack, unpack_bytes = struct.pack, struct.unpack
  sub, byte, char, concat = string.sub, string.byte, string.char, table.concat
  min, max, floor = math.min, math.max, math.floor
  for value = 0, 255 do
    BYTES[value] = char(value)
  end
end

local BATCH_MAX = 128
local DAY_MS = 86400000
local LOCAL_OFFSET_MS = 18000000 -- UTC+5, the country's one time zone
local NO_ORDINAL = 4294967295
local NOTHING = {}

-- Registers `verb` under the library's own name, so that the functions of two versions live side by side.
-- `flags`: 'no-writes', or 'allow-oom' for what must go on when the store's memory is full.
local function register(verb, callback, ...)
  redis.register_function({
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

-- Runs a command of which only the arguments vary; nothing to say, nothing to run.
local function call_with(arguments, least)
  if #arguments >= least then
    return redis.call(unpack(arguments))
  end
end

-- Drops entries from the head of a list.
local function drop_head(key, count)
  if count > 0 then
    redis.call('LPOP', key, count)
  end
end
