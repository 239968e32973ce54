import { describe, expect, it } from "vitest";
import { NS_PER_S, seededPrng } from "../../src/core/index.ts";
import { capturedRatePerSec, clumpKeeping, recordedSchedule } from "../../src/schedule/index.ts";
import { indexOfDispersion } from "../../src/stats/index.ts";
import { azureCodeOffsetsNs } from "./azure-code.ts";

const OFFSETS_NS = azureCodeOffsetsNs();
const PERIOD_NS = (OFFSETS_NS.length / capturedRatePerSec(OFFSETS_NS)) * NS_PER_S;
const dispersionOf = (startsNs: Iterable<number>): number =>
  indexOfDispersion(startsNs, NS_PER_S, PERIOD_NS);
const OWN_DISPERSION = dispersionOf(OFFSETS_NS);

/*
 * One hour of such traffic is a single draw: where in the hour the copies happen to meet moves its
 * dispersion by 6 to 9 %, and which of its bursts are kept moves its size by 1 to 11 %. What is
 * claimed is the mean over many seeds, which is known to about 1 %.
 */
const SEEDS = 60;

/** A route for each record: three of them, of which a burst has one more than the others. */
const draw = seededPrng("routes");
const ROUTE_OF = OFFSETS_NS.map((_, i) =>
  Math.min(Math.floor(draw() * 4 * (1 + ((i >> 6) & 1))), 2),
);
function mixOf(records: Iterable<number>): number[] {
  const counts = [0, 0, 0];
  let all = 0;
  for (const record of records) {
    counts[ROUTE_OF[record]!]!++;
    all++;
  }
  return counts.map((count) => count / all);
}
const OWN_MIX = mixOf(OFFSETS_NS.keys());

function scaled(multiple: number, clump: number) {
  const schedule = recordedSchedule(OFFSETS_NS, {
    durationNs: PERIOD_NS,
    multiple: { from: multiple, to: multiple },
    clump,
  });
  let [starts, dispersion] = [0, 0];
  const mix = [0, 0, 0];
  for (let seed = 0; seed < SEEDS; seed++) {
    const startsNs: number[] = [];
    const records: number[] = [];
    for (const { record, startNs } of schedule.picks!(seededPrng(`hour ${seed}`), 0)) {
      startsNs.push(startNs);
      records.push(record);
    }
    starts += startsNs.length / SEEDS;
    dispersion += dispersionOf(startsNs) / SEEDS;
    for (const [route, share] of mixOf(records).entries()) {
      mix[route]! += share / SEEDS;
    }
  }
  return { starts, dispersion, mix };
}

describe("real, bursty traffic", () => {
  const clump = clumpKeeping(OFFSETS_NS, NS_PER_S, OWN_DISPERSION);

  it.each([0.3, 2, 2.5, 10])(
    "×%d is so much more of it, as bursty, and of the same routes",
    (multiple) => {
      const { dispersion, mix, starts } = scaled(multiple, clump);
      expect(Math.abs(starts / (multiple * OFFSETS_NS.length) - 1)).toBeLessThan(0.02);
      expect(Math.abs(dispersion / OWN_DISPERSION - 1)).toBeLessThan(0.05);
      for (const [route, share] of mix.entries()) {
        expect(Math.abs(share - OWN_MIX[route]!), `route ${route}`).toBeLessThan(0.01);
      }
    },
  );

  it("thinned one by one it would lose its bursts: p·I + (1 − p)", () => {
    const { dispersion } = scaled(0.3, 1);
    expect(Math.abs(dispersion / (0.3 * OWN_DISPERSION + 0.7) - 1)).toBeLessThan(0.03);
  });

  it("the clump that keeps it is longer than its dispersion, as clumps reach past a second", () => {
    expect(clump).toBeGreaterThan(OWN_DISPERSION);
    expect(clump).toBeLessThan(100);
  });

  it("a capture that is even, or too short to tell, is thinned one by one", () => {
    expect(clumpKeeping([0, 1, 2], NS_PER_S, 0.4)).toBe(1);
    expect(clumpKeeping([0], NS_PER_S, Number.NaN)).toBe(1);
  });
});
