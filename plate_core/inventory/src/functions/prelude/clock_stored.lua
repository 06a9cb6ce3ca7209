-- The time of tests: what stands in the last key a function is given. A release has no way to load this.
local function clock(keys)
  return tonumber(redis.call('GET', keys[#keys]))
end
