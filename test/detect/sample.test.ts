import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { detectAll, EVIDENCE_ROWS, evidenceSample } from "../../src/detect/index.ts";
import { poolExhaustion } from "../../src/detect/pool-exhaustion.ts";
import { fairShares } from "../../src/detect/sample.ts";
import type { CallTable, ObservationTable } from "../../src/measure/index.ts";
import { call, evidenceOf, meanHoldNs, S, startsOf, table, TRAFFIC } from "./simulate.ts";
import { throughPool } from "./targets.ts";

const META = { arms: ["control", "variant"], stages: ["a", "b"], routes: ["GET /"] };

/** Rows at equal distances over two stages; requests take 1 ms, and 1 s in [slowFromS, slowFromS + 5). */
function run(slowFromS: number) {
  const rows = Array.from({ length: 10_000 }, (_, seq) => {
    const intendedNs = seq * 10e6;
    const slow = intendedNs >= slowFromS * S && intendedNs < (slowFromS + 5) * S;
    return {
      kind: "response" as const,
      arm: seq % 2,
      stage: 0,
      seq,
      route: 0,
      intendedNs,
      startNs: intendedNs,
      connectionWaitNs: 0,
      firstByteNs: intendedNs + 1e6,
      endNs: intendedNs + (slow ? S : 1e6),
      status: 200,
      bytesIn: 0,
      bytesOut: 0,
    };
  });
  const calls = rows.map(({ arm, endNs, intendedNs, seq }) =>
    call({ arm, seq, arriveNs: intendedNs, endNs }),
  );
  const stage = { ratePerSec: 50, judged: true };
  return {
    observations: table<ObservationTable>(rows, META),
    calls: table<CallTable>(calls, { arms: META.arms, dependencies: ["payments"] }),
    stages: [
      { ...stage, name: "short", startNs: 0, fromNs: 2 * S, toNs: 10 * S },
      { ...stage, name: "long", startNs: 10 * S, fromNs: 20 * S, toNs: 100 * S },
    ],
  };
}

describe("what detectors look at of a run that is too large", () => {
  it("is all of one that is not", () => {
    const whole = run(50);
    expect(evidenceSample(whole, EVIDENCE_ROWS.whole)).toEqual({ input: whole, sampled: [] });
  });

  it("is short stages whole, and of long ones the stretch where requests took longest", () => {
    fc.assert(
      fc.property(fc.integer({ min: 22, max: 90 }), (slowFromS) => {
        const given = run(slowFromS);
        const { input, sampled } = evidenceSample(given, 20_000, { whole: 10_000, sample: 4_000 });
        expect(sampled.map(({ name }) => name)).toEqual(["long"]);
        const [{ fromNs, share, toNs }] = sampled as [(typeof sampled)[number]];
        expect(input.stages[0]).toEqual(given.stages[0]);
        expect(input.stages[1]).toMatchObject({ fromNs, toNs, startNs: fromNs });
        expect(fromNs).toBeGreaterThanOrEqual(20 * S);
        expect(toNs).toBeLessThanOrEqual(100 * S);
        // 1,600 rows of the short stage; what is left, of 16,000 of the long one.
        expect(share).toBe(0.15);
        expect(fromNs).toBeLessThanOrEqual(slowFromS * S);
        expect(toNs).toBeGreaterThanOrEqual((slowFromS + 5) * S);
        const inStretch = [...input.observations].filter(
          ({ intendedNs }) => intendedNs >= fromNs && intendedNs < toNs,
        );
        expect(inStretch).toEqual(
          [...given.observations].filter(
            ({ intendedNs }) => intendedNs >= fromNs && intendedNs < toNs,
          ),
        );
        const seen = [...input.observations].length + [...input.calls].length;
        // With what came just before and after.
        expect(seen).toBeLessThan(8_000);
      }),
      { numRuns: 4 },
    );
  });

  it("shares out what there is: no part gets more than it has, nor less than another without need", () => {
    const wanted = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(wanted, fc.nat(4_000), (all, most) => {
        const given = fairShares(all, most);
        const total = given.reduce((sum, rows) => sum + rows, 0);
        expect(total).toBeCloseTo(
          Math.min(
            most,
            all.reduce((sum, rows) => sum + rows, 0),
          ),
          6,
        );
        const least = Math.min(...given.filter((rows, index) => rows < all[index]! - 1e-9), 1_000);
        for (const [index, rows] of given.entries()) {
          expect(rows).toBeLessThanOrEqual(all[index]!);
          expect(rows).toBeLessThanOrEqual(least + 1e-6);
        }
      }),
    );
  });

  it("names a pool of 4 with its size, and raises no alarm beside one as small", () => {
    const ratePerSec = (1.2 * 4) / (meanHoldNs(TRAFFIC) / S);
    const traffic = { ...TRAFFIC, ratePerSec, lengthNs: 100 * S };
    const limit = { whole: 1_000, sample: 5_000 };
    const starts = startsOf(traffic, "one");
    const sick = throughPool(starts, { size: 4 });
    const judge = (control: number) =>
      detectAll(evidenceOf([throughPool(starts, { size: control }), sick], { ...traffic, limit }), [
        poolExhaustion,
      ])[0];
    expect(judge(64)).toMatchObject({ status: "fail", evidence: { poolSize: 4 } });
    expect(judge(4)?.status).toBe("shared");
  });
});
