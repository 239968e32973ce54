import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShakedownError } from "../../src/core/index.ts";
import {
  arrivalsLabel,
  arrivalsSchema,
  type ArrivalSpec,
  parseArrivals,
} from "../../src/schedule/index.ts";

const perMille = (min: number, max: number) =>
  fc.integer({ min, max }).map((thousandths) => thousandths / 1_000);
const lengths = fc.integer({ min: 1, max: 10_000_000 }).map((us) => us * 1_000);
const specs: fc.Arbitrary<ArrivalSpec> = fc.oneof(
  fc.constantFrom<ArrivalSpec>({ kind: "recorded" }, { kind: "uniform" }, { kind: "poisson" }),
  fc
    .tuple(perMille(1, 999), fc.double({ min: 0, max: 1, noNaN: true }), lengths)
    .map(([share, part, meanNs]) => {
      const ratio = Number((1 + part * (1 / share - 1)).toPrecision(6));
      return { kind: "burst" as const, ratio: Math.min(ratio, 1 / share), share, meanNs };
    }),
  fc.record({
    kind: fc.constant("sinusoid" as const),
    amplitude: perMille(0, 1_000),
    periodNs: lengths,
  }),
);

/** Code, message and hint of a refusal. */
function refusalOf(text: string): string {
  try {
    return `read: ${JSON.stringify(parseArrivals(text))}`;
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError)) throw thrown;
    return `${thrown.code}: ${thrown.message} (${thrown.hint})`;
  }
}

describe("arrivals as text", () => {
  it("what is written out reads back as the same, in a scenario too", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const read = parseArrivals(arrivalsLabel(spec));
        expect(arrivalsSchema.parse(arrivalsLabel(spec))).toEqual(read);
        expect(arrivalsLabel(read)).toBe(arrivalsLabel(spec));
        expect(read.kind).toBe(spec.kind);
        for (const [name, value] of Object.entries(spec)) {
          if (typeof value !== "number") continue;
          const got: unknown = Object.entries(read).find(([each]) => each === name)?.[1];
          expect(Number(got) / (value || 1)).toBeCloseTo(value === 0 ? 0 : 1, 10);
        }
      }),
    );
  });

  it.each<[string, ArrivalSpec]>([
    ["poisson", { kind: "poisson" }],
    [" uniform ", { kind: "uniform" }],
    ["recorded:", { kind: "recorded" }],
    ["burst", { kind: "burst", ratio: 5, share: 0.1, meanNs: 2e9 }],
    ["burst: mean = 500ms", { kind: "burst", ratio: 5, share: 0.1, meanNs: 5e8 }],
    ["burst:ratio=2.5,share=20%,mean=1m", { kind: "burst", ratio: 2.5, share: 0.2, meanNs: 6e10 }],
    // Half of the time cannot be at five times the mean: all traffic is in bursts.
    ["burst:share=50%", { kind: "burst", ratio: 2, share: 0.5, meanNs: 2e9 }],
    ["sinusoid", { kind: "sinusoid", amplitude: 0.5, periodNs: 6e10 }],
    ["sinusoid:amplitude=0.2", { kind: "sinusoid", amplitude: 0.2, periodNs: 6e10 }],
  ])("%s", (text, spec) => {
    expect(parseArrivals(text)).toEqual(spec);
  });

  it.each([
    ["gauss", /"gauss" is not an arrival process.*recorded, uniform, poisson, burst, sinusoid/],
    ["", /"" is not an arrival process/],
    ["constructor", /is not an arrival process/],
    ["poisson:rate=5", /poisson arrivals have no option "rate".*write "poisson" alone/],
    ["burst:length=2s", /no option "length".*burst:ratio=5,share=10%,mean=2s/],
    ["burst:toString=2s", /no option "toString"/],
    ["burst:mean=2s,mean=3s", /given "mean" twice/],
    ["burst:mean=2", /burst arrivals, mean: "2" is not a duration.*number and a unit/],
    ["burst:ratio=x", /burst arrivals, ratio: "x" is not a number/],
    ["burst:ratio", /ratio: "" is not a number/],
    ["burst:share=20%,ratio=6", /6 times the mean cannot hold for 20% of the time.*from 1 to 5/],
    ["burst:share=0%", /cannot take 0% of the time/],
    ["burst:mean=0s", /a burst cannot be 0 ns long/],
    ["sinusoid:amplitude=150%", /cannot swing by 150%/],
    ["sinusoid:period=0s", /period cannot be 0 ns/],
  ])("%s is refused, with what is wrong and what exists", (text, message) => {
    expect(refusalOf(text)).toMatch(/^USAGE: /);
    expect(refusalOf(text)).toMatch(message);
    expect(arrivalsSchema.safeParse(text).error?.issues[0]?.message).toMatch(message);
  });

  it("a scenario that gives something else than a text is told what exists", () => {
    expect(arrivalsSchema.safeParse(7).error?.issues[0]?.message).toMatch(/one of: recorded, /);
  });
});
