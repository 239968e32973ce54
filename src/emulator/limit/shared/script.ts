import type { AlgorithmSpec } from "../algorithm/index.ts";

/*
 * The accounts of `../algorithm/`, kept in Redis and told by its clock, in µs. One call asks all rules
 * that are about it at once, and nothing happens between looking and taking.
 */

/**
 * 20,000 days after 1970, in s, from which accounts count: a double holds what is left of now in
 * hundredths of a µs, and all of it only in quarters.
 */
const COUNTED_FROM_S = 1_728_000_000;

/** How long an account that nobody asks for is kept. */
const KEPT_MS = 3_600_000;

/** KEYS: an account for each rule. ARGV: for each rule its kind, two numbers, and the call's cost. */
export const ADMIT = `
local time = redis.call("TIME")
local now = (time[1] - ${COUNTED_FROM_S}) * 1000000 + time[2]
local wall = time[1] * 1000000 + time[2]
local function exact(x) return string.format("%.17g", x) end
local function last(key, at)
  local entry = redis.call("LINDEX", key, at)
  if not entry then return nil end
  local t, cost, sum = string.match(entry, "^(%S+) (%S+) (%S+)$")
  return tonumber(t), tonumber(cost), tonumber(sum)
end
local kinds = {}
kinds.bucket = {
  look = function(key, unit, burst, cost)
    local reset = math.max(tonumber(redis.call("GET", key) or "0") - now, 0)
    local wait = math.max(reset - (burst - cost) * unit, 0)
    -- The clock tells whole µs: who has waited as long as was said may seem up to one too early.
    local allowed = cost <= burst and wait < 1
    if allowed then wait = 0 elseif cost > burst then wait = -1 end
    return allowed, math.max(burst - reset / unit, 0), reset, wait
  end,
  take = function(key, unit, burst, cost)
    local full = math.max(tonumber(redis.call("GET", key) or "0"), now) + cost * unit
    redis.call("SET", key, exact(full))
  end,
}
local function window(begun)
  local function state(key, length)
    local known = redis.call("HMGET", key, "ends", "used")
    local ends = tonumber(known[1] or "0")
    if now < ends then return ends, tonumber(known[2]) end
    return now + length - begun(length), 0
  end
  return {
    look = function(key, most, length, cost)
      local ends, used = state(key, length)
      local allowed = used + cost <= most
      local wait = 0
      if not allowed then wait = cost > most and -1 or ends - now end
      return allowed, most - used, ends - now, wait
    end,
    take = function(key, most, length, cost)
      local ends, used = state(key, length)
      redis.call("HSET", key, "ends", exact(ends), "used", exact(used + cost))
    end,
  }
end
kinds.clock = window(function(length) return wall % length end)
kinds.first = window(function() return 0 end)
kinds.sliding = {
  look = function(key, most, length, cost)
    local t, first, sum = last(key, 0)
    while t and t + length <= now do
      redis.call("LPOP", key)
      t, first, sum = last(key, 0)
    end
    if not t then return cost <= most, most, 0, cost > most and -1 or 0 end
    local before = sum - first
    local lastAt, _, all = last(key, -1)
    local used = all - before
    local allowed = used + cost <= most
    local wait = 0
    if not allowed and cost > most then wait = -1 end
    if not allowed and cost <= most then
      local at = 0
      while t and sum - before < used + cost - most do
        at = at + 1
        t, first, sum = last(key, at)
      end
      wait = (t or now) + length - now
    end
    return allowed, most - used, lastAt + length - now, wait
  end,
  take = function(key, most, length, cost)
    local _, _, sum = last(key, -1)
    redis.call("RPUSH", key, exact(now) .. " " .. exact(cost) .. " " .. exact((sum or 0) + cost))
  end,
}
kinds.concurrency = {
  look = function(key, most)
    local used = tonumber(redis.call("GET", key) or "0")
    return used < most, most - used, 0, 0
  end,
  take = function(key) redis.call("INCR", key) end,
}
local function each(use)
  for i, key in ipairs(KEYS) do
    local at = (i - 1) * 4
    local kind = kinds[ARGV[at + 1]]
    use(kind, key, tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]))
  end
end
local told
local function look()
  local all = true
  told = {}
  each(function(kind, key, a, b, cost)
    local allowed, remaining, reset, wait = kind.look(key, a, b, cost)
    all = all and allowed
    for _, value in ipairs({ allowed and "1" or "0", exact(remaining), exact(reset), exact(wait) }) do
      told[#told + 1] = value
    end
  end)
  return all
end
local admitted = look()
if admitted then
  each(function(kind, key, a, b, cost)
    kind.take(key, a, b, cost)
    redis.call("PEXPIRE", key, ${KEPT_MS})
  end)
  look()
end
return { exact(wall), admitted and "1" or "0", unpack(told) }`;

/** A call that was in flight has ended. KEYS: its account. A Redis that has forgotten it has none. */
export const GIVE = `
if tonumber(redis.call("GET", KEYS[1]) or "0") > 0 then redis.call("DECR", KEYS[1]) end
return 1`;

const US_PER_S = 1e6;
const NS_PER_US = 1e3;

/** A bucket, by what one token takes to come back, and how many it holds. */
const bucket = (ratePerSec: number, burst: number): [string, number, number] => [
  "bucket",
  US_PER_S / ratePerSec,
  burst,
];

/** An algorithm's kind and two numbers, as the script wants them. */
export function scripted(spec: AlgorithmSpec): readonly [kind: string, a: number, b: number] {
  switch (spec.kind) {
    case "token-bucket":
      return bucket(spec.rate, spec.burst);
    case "leaky-bucket":
      return bucket(spec.leak, spec.size);
    case "points":
      return bucket(spec.restore, spec.points);
    case "gcra":
      return bucket(spec.rate, 1 + (spec.tolerance * spec.rate) / 1e9);
    case "fixed-window":
      return [spec.begins === "clock" ? "clock" : "first", spec.limit, spec.window / NS_PER_US];
    case "sliding-window":
      return ["sliding", spec.limit, spec.window / NS_PER_US];
    case "concurrency":
      return ["concurrency", spec.max, 0];
  }
}

/** What is allowed in all. */
export function mostOf(spec: AlgorithmSpec): number {
  const [kind, a, b] = scripted(spec);
  return kind === "bucket" ? b : a;
}

/**
 * An equal part of a limit, for one of several emulators that cannot ask the others: together they
 * allow no more than the whole, but where that is less than one call each.
 */
export function partOf(spec: AlgorithmSpec, parts: number): AlgorithmSpec {
  const least = (count: number): number => Math.max(Math.floor(count / parts), 1);
  switch (spec.kind) {
    case "token-bucket":
      return { ...spec, rate: spec.rate / parts, burst: least(spec.burst) };
    case "leaky-bucket":
      return { ...spec, leak: spec.leak / parts, size: least(spec.size) };
    case "points":
      return { ...spec, restore: spec.restore / parts, points: least(spec.points) };
    case "gcra":
      return { ...spec, rate: spec.rate / parts };
    case "fixed-window":
    case "sliding-window":
      return { ...spec, limit: least(spec.limit) };
    case "concurrency":
      return { ...spec, max: least(spec.max) };
  }
}
