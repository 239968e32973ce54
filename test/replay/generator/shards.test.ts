import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERROR_KINDS, Histogram, type Observation } from "../../../src/measure/index.ts";
import { type IntendedStart, shardStarts } from "../../../src/schedule/index.ts";
import type { ScriptedEnd } from "../../../src/testing/index.ts";
import { tallyOf } from "../../measure/tally-of.ts";
import { MS, requests, S, startAt, virtualRun } from "../virtual-run.ts";

const TIMEOUT_NS = 2 * S;

const waitNs = fc.oneof(fc.constant(0), fc.nat(500 * MS));
const ends: fc.Arbitrary<ScriptedEnd> = fc.oneof(
  fc.record({ kind: fc.constant("answer" as const), afterNs: fc.nat(3 * S), waitNs }),
  fc.record({
    kind: fc.constant("fail" as const),
    afterNs: fc.nat(3 * S),
    error: fc.constantFrom(...ERROR_KINDS),
    waitNs,
  }),
  fc.record({ kind: fc.constant("hang" as const), waitNs }),
);

const plans = fc.record({
  gapsNs: fc.array(fc.oneof(fc.constant(0), fc.nat(300 * MS)), { maxLength: 60 }),
  /** What becomes of start n in an arm: the same wherever it is sent from. */
  arms: fc.array(fc.array(ends, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 2 }),
  stopNs: fc.option(fc.integer({ min: 0, max: 9 * S })),
});
type Plan = typeof plans extends fc.Arbitrary<infer Given> ? Given : never;

function startsOf({ gapsNs }: Plan): IntendedStart[] {
  let intendedNs = 0;
  return gapsNs.map((gapNs, seq) => {
    intendedNs += gapNs;
    return startAt(seq, intendedNs, seq % 2);
  });
}

/** Users, of which each has a few of the starts; some starts are nobody's. */
const userOf = ({ seq }: IntendedStart): number | null => (seq % 7 === 0 ? null : seq % 5);

/** Everything that a plan comes to when it is cut into so many shards, each with its own clock. */
async function play(
  plan: Plan,
  count: number,
  keyOf?: (start: IntendedStart) => number | null,
): Promise<Observation[]> {
  const scripts = plan.arms.map((script) => ({ seq }: { seq: number }) => {
    return script[seq % script.length]!;
  });
  const all: Observation[] = [];
  for (let index = 0; index < count; index++) {
    const run = virtualRun(shardStarts(startsOf(plan), { index, count }, keyOf), scripts, {
      timeoutNs: TIMEOUT_NS,
    });
    if (plan.stopNs !== null) {
      run.time.advanceTo(plan.stopNs);
      run.stopping.abort();
    }
    run.time.runAll();
    // oxlint-disable-next-line no-await-in-loop -- one shard after the other, each in its own time
    await run.done;
    all.push(...run.observations.all);
  }
  return all;
}

/** One arm's histograms: each shard's own, added up. */
function merged(shards: readonly (readonly Observation[])[], arm: number) {
  const sums = {
    responseTime: new Histogram(),
    serviceTime: new Histogram(),
    startLag: new Histogram(),
    connectionWait: new Histogram(),
  };
  for (const observations of shards) {
    const own = observations.filter((observation) => observation.arm === arm);
    const tally = tallyOf(own, TIMEOUT_NS);
    for (const [name, sum] of Object.entries(sums)) sum.add(tally[name as keyof typeof sums]);
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum.toCounts()]));
}

const inOrder = (all: readonly Observation[]): Observation[] =>
  all.toSorted((a, b) => a.seq - b.seq || a.arm - b.arm);

/** How many starts each arm, stage and route has. */
function ledgerOf(places: Iterable<{ readonly place: string; readonly count: number }>) {
  const ledger: Record<string, number> = {};
  for (const { count, place } of places) ledger[place] = (ledger[place] ?? 0) + count;
  return ledger;
}

describe("a schedule that is cut into shards", () => {
  it.each([
    ["start by start", undefined],
    ["user by user", userOf],
  ])("gives what the whole gives, to the last observation and count: %s", async (_, keyOf) => {
    await fc.assert(
      fc.asyncProperty(plans, async (given) => {
        const plan = { ...given, stopNs: null };
        const whole = await play(plan, 1);
        expect(whole).toHaveLength(plan.gapsNs.length * plan.arms.length);
        for (const count of [2, 4]) {
          // oxlint-disable-next-line no-await-in-loop -- virtual time, nothing is waited for
          const cut = await play(plan, count, keyOf);
          expect(inOrder(cut)).toEqual(inOrder(whole));
          for (const arm of plan.arms.keys()) {
            const shards = Array.from({ length: count }, (__, index) =>
              cut.filter(({ seq }) => seq % count === index),
            );
            expect(merged(shards, arm)).toEqual(merged([whole], arm));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("has an exact ledger also when it is stopped: each stage and route has its starts", async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.constantFrom(1, 2, 4), async (plan, count) => {
        const planned = plan.arms.keys().flatMap((arm) =>
          startsOf(plan).map((start) => ({
            place: `arm ${arm}, stage ${start.stage}, route ${requests.routeOf(start)}`,
            count: 1,
          })),
        );
        const seen = (await play(plan, count)).map((observation) => ({
          place: `arm ${observation.arm}, stage ${observation.stage}, route ${observation.route}`,
          count: observation.kind === "dropped" ? observation.count : 1,
        }));
        expect(ledgerOf(seen)).toEqual(ledgerOf(planned));
      }),
      { numRuns: 200 },
    );
  });
});
