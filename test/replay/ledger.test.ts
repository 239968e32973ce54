import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERROR_KINDS, type Observation } from "../../src/measure/index.ts";
import type { IntendedStart } from "../../src/schedule/index.ts";
import type { ScriptedEnd } from "../../src/testing/index.ts";
import {
  answer,
  every,
  MS,
  requests,
  S,
  startAt,
  type VirtualRun,
  virtualRun,
} from "./virtual-run.ts";

const ends: fc.Arbitrary<ScriptedEnd> = fc.oneof(
  fc.record({ kind: fc.constant("answer" as const), afterNs: fc.integer({ min: 1, max: 3 * S }) }),
  fc.record({
    kind: fc.constant("fail" as const),
    afterNs: fc.oneof(fc.constant(0), fc.nat(3 * S)),
    error: fc.constantFrom(...ERROR_KINDS),
  }),
  fc.constant({ kind: "hang" } as const),
);

const cases = fc.record({
  gapsNs: fc.array(fc.oneof(fc.constant(0), fc.nat(300 * MS)), { maxLength: 40 }),
  scripts: fc.array(fc.array(ends, { minLength: 1, maxLength: 10 }), {
    minLength: 1,
    maxLength: 3,
  }),
  inFlightMax: fc.integer({ min: 1, max: 8 }),
  timeoutNs: fc.integer({ min: 1, max: 2 * S }),
  stopNs: fc.option(fc.integer({ min: -1, max: 8 * S })),
  stalls: fc.array(fc.nat(500 * MS), { minLength: 1, maxLength: 5 }),
});

/** Runs a case to its end, stopping it on the way when the case says so. */
async function play(each: typeof cases extends fc.Arbitrary<infer Case> ? Case : never) {
  let intendedNs = 0;
  const starts = each.gapsNs.map((gapNs, seq) => {
    intendedNs += gapNs;
    return startAt(seq, intendedNs, seq % 2);
  });
  const scripts = each.scripts.map((script) => ({ seq }: { seq: number }) => {
    return script[seq % script.length]!;
  });
  const { inFlightMax, timeoutNs, stalls, stopNs } = each;
  const run: VirtualRun = virtualRun(starts, scripts, {
    inFlightMax,
    timeoutNs,
    onObservation(observation) {
      run.observations.add(observation);
      run.time.stall(stalls[observation.seq % stalls.length]! / 100);
    },
  });
  if (stopNs !== null) {
    run.time.advanceTo(stopNs);
    run.stopping.abort();
  }
  run.time.runAll();
  await run.done;
  return { run, starts };
}

describe("the ledger", () => {
  it("is exact: every planned start is one response, error or drop in every arm, whatever happens", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (each) => {
        const { run, starts } = await play(each);
        for (const [arm, transport] of run.transports.entries()) {
          const seen = run.observations.ofArm(arm);
          expect(seen.reduce((sum, one) => sum + countOf(one), 0)).toBe(starts.length);
          expect(seqsOf(seen, starts)).toEqual(starts.map(({ seq }) => seq));
          const started = seen.filter(({ kind }) => kind !== "dropped");
          expect(started).toHaveLength(transport.sent.length);
          expect(transport.openCount).toBe(0);
          for (const observation of seen) expectSound(observation, starts[observation.seq]!);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("never has more than its cap in flight in an arm, and drops only what is above it", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (each) => {
        const { run } = await play({ ...each, stopNs: null, stalls: [0] });
        for (const [arm] of run.transports.entries()) {
          const seen = run.observations.ofArm(arm);
          const wrong = seen.filter((observation) => {
            const others = { seen, seq: observation.seq, atNs: observation.intendedNs };
            // Those that end at this very moment may or may not be counted still.
            return observation.kind === "dropped"
              ? inFlightOf(others, (endNs) => endNs >= others.atNs) < each.inFlightMax
              : inFlightOf(others, (endNs) => endNs > others.atNs) >= each.inFlightMax;
          });
          expect(wrong).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("counts starts above the cap as dropped, and starts again when there is room", async () => {
    const run = virtualRun(every(MS, 10), [() => answer(4.5 * MS)], { inFlightMax: 2 });
    run.time.runAll();
    await run.done;
    const kinds = run.observations.all.toSorted((a, b) => a.seq - b.seq).map(({ kind }) => kind);
    const [sent, dropped] = ["response", "dropped"];
    expect(kinds).toEqual([
      sent,
      sent,
      dropped,
      dropped,
      dropped,
      sent,
      sent,
      dropped,
      dropped,
      dropped,
    ]);
    expect(run.observations.ofKind("dropped").map(({ reason }) => reason)).toEqual(
      Array.from({ length: 6 }, () => "in-flight-cap"),
    );
  });

  it("has a cap for each arm: a slow variant costs the control nothing", async () => {
    const run = virtualRun(every(MS, 50), [() => answer(MS / 2), () => ({ kind: "hang" })], {
      inFlightMax: 5,
    });
    run.time.runAll();
    await run.done;
    const kinds = (arm: number) => new Set(run.observations.ofArm(arm).map(({ kind }) => kind));
    expect(kinds(0)).toEqual(new Set(["response"]));
    expect(run.observations.ofArm(1).filter(({ kind }) => kind === "dropped")).toHaveLength(45);
  });
});

const countOf = (observation: Observation): number =>
  observation.kind === "dropped" ? observation.count : 1;

/**
 * The starts that observations stand for, in order. What is dropped because the run was stopped is
 * told once for each stage and route: the first of them, and how many.
 */
function seqsOf(seen: readonly Observation[], starts: readonly IntendedStart[]): number[] {
  const stopped = seen.flatMap((each) =>
    each.kind === "dropped" && each.reason === "run-stopped" ? [each] : [],
  );
  const told = seen.filter((each) => each.kind !== "dropped" || each.reason !== "run-stopped");
  const seqs = new Set(told.map(({ seq }) => seq));
  expect(seqs.size).toBe(told.length);
  const places = stopped.map(({ route, stage }) => `${stage} ${route}`);
  expect(new Set(places).size).toBe(places.length);
  for (const { count, route, seq, stage } of stopped) {
    const rest = starts.filter(
      (start) => start.stage === stage && requests.routeOf(start) === route && start.seq >= seq,
    );
    expect(rest).toHaveLength(count);
    for (const start of rest) seqs.add(start.seq);
  }
  return [...seqs].toSorted((a, b) => a - b);
}

/** How many that started before a start still go on at its moment. */
function inFlightOf(
  { seen, seq, atNs }: { seen: readonly Observation[]; seq: number; atNs: number },
  goesOn: (endNs: number) => boolean,
): number {
  return seen.filter(
    (each) =>
      each.kind !== "dropped" && each.seq < seq && each.startNs <= atNs && goesOn(each.endNs),
  ).length;
}

function expectSound(observation: Observation, planned: IntendedStart) {
  const { intendedNs: plannedNs, stage } = planned;
  expect(observation).toMatchObject({ intendedNs: plannedNs, stage });
  expect(observation.route).toBe(requests.routeOf(planned));
  if (observation.kind === "dropped") return;
  const { startNs, endNs, intendedNs } = observation;
  const firstByteNs = observation.kind === "response" ? observation.firstByteNs : endNs;
  const times = [intendedNs, startNs, firstByteNs, endNs];
  expect(times).toEqual(times.toSorted((a, b) => a - b));
}
