import { randomText, randomUuid, uniform } from "../random.ts";
import { helper, type HoverflyHelpers, type Rendering } from "./helper.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Longer texts are nobody's test data. */
const LENGTH_MAX = 65_536;

/** Whole, from `from` on and below `to`. */
const randomBelow = (from: number, to: number, rendering: Rendering): number =>
  from + Math.floor(uniform(rendering) * (to - from));

/** Go's `rand.Int`: any of 63 bits. */
function randomInteger(rendering: Rendering): string {
  const [high, low] = [randomBelow(0, 2 ** 31, rendering), randomBelow(0, 2 ** 32, rendering)];
  return String(BigInt(high) * 2n ** 32n + BigInt(low));
}

function randomIntegerRange(from: number, to: number, rendering: Rendering): string {
  if (!(to > from)) throw new Error("the range is empty");
  return String(randomBelow(from, to, rendering));
}

const randomBytes = (length: number, rendering: Rendering): readonly number[] =>
  Array.from({ length }, () => randomBelow(0, 256, rendering));

/** In the shortest form, as RFC 5952 has it. */
function randomIpv6(rendering: Rendering): string {
  const hex = Buffer.from(randomBytes(16, rendering)).toString("hex");
  return new URL(`http://[${hex.match(/.{4}/g)!.join(":")}]`).hostname.slice(1, -1);
}

/** Those that draw, each from the call's luck. */
export const RANDOM_HELPERS: HoverflyHelpers = {
  randomString: helper("", (_: never, rendering) =>
    randomText(randomBelow(3, 16, rendering), LETTERS, rendering),
  ),
  randomStringLength: helper("integer", ([length]: [number], rendering) =>
    randomText(Math.min(length, LENGTH_MAX), LETTERS, rendering),
  ),
  randomBoolean: helper("", (_: never, rendering) => String(uniform(rendering) < 0.5)),
  randomInteger: helper("", (_: never, rendering) => randomInteger(rendering)),
  randomIntegerRange: helper("integer integer", ([from, to]: [number, number], rendering) =>
    randomIntegerRange(from, to, rendering),
  ),
  randomFloat: helper("", (_: never, rendering) => uniform(rendering).toFixed(6)),
  randomFloatRange: helper("number number", ([from, to]: [number, number], rendering) =>
    (from + uniform(rendering) * (to - from)).toFixed(6),
  ),
  randomIPv4: helper("", (_: never, rendering) => randomBytes(4, rendering).join(".")),
  randomIPv6: helper("", (_: never, rendering) => randomIpv6(rendering)),
  randomUuid: helper("", (_: never, rendering) => randomUuid(rendering)),
};
