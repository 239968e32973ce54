import { describe, expect, it } from "vitest";
import {
  answer,
  every,
  MS,
  responseNs,
  S,
  startAt,
  type VirtualRun,
  virtualRun,
} from "./virtual-run.ts";

/** How many starts came to what, in one arm or in all. */
function countsOf({ observations }: VirtualRun, arm?: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of arm === undefined ? observations.all : observations.ofArm(arm)) {
    const count = each.kind === "dropped" ? each.count : 1;
    counts[each.kind] = (counts[each.kind] ?? 0) + count;
  }
  return counts;
}

describe("the timeout", () => {
  it("gives exactly one `timeout`, at that time after the intended start, though the answer was to come", async () => {
    const run = virtualRun(every(MS / 10, 5_000), [() => answer(3 * S)], {
      timeoutNs: S,
      inFlightMax: 5_000,
    });
    run.time.runAll();
    await run.done;
    const errors = run.observations.ofKind("error");
    expect(run.observations.all).toHaveLength(5_000);
    expect(errors.map(({ seq }) => seq)).toEqual(Array.from({ length: 5_000 }, (_, seq) => seq));
    expect(errors.every(({ error }) => error === "timeout")).toBe(true);
    expect(errors.every((each) => responseNs(each) === S)).toBe(true);
  });

  it("runs from the intended start: a request that was sent late has less left", async () => {
    const run = virtualRun(
      every(10 * MS, 3),
      [
        ({ seq }, time) => {
          if (seq === 0) time.stall(900 * MS);
          return { kind: "hang" };
        },
      ],
      { timeoutNs: S },
    );
    run.time.runAll();
    await run.done;
    for (const each of run.observations.ofKind("error").slice(1)) {
      expect(each.startNs).toBe(900 * MS);
      expect(each.endNs).toBe(each.intendedNs + S);
    }
  });

  it("runs from the intended start also where no connection is free", async () => {
    const waits = [0, 900 * MS, 3 * S];
    const run = virtualRun(
      every(10 * MS, 9),
      [({ seq }) => ({ kind: "hang", waitNs: waits[seq % 3]! })],
      { timeoutNs: S },
    );
    run.time.runAll();
    await run.done;
    const errors = run.observations.ofKind("error");
    expect(errors.map(responseNs)).toEqual(errors.map(() => S));
    const told = errors.map(({ connectionWaitNs }) => connectionWaitNs);
    expect(told).toEqual(errors.map(({ seq }) => Math.min(waits[seq % 3]!, S)));
  });

  it("has no part in what ends in time, in whatever order", async () => {
    const run = virtualRun(
      every(MS, 3_000),
      [({ seq }) => (seq % 7 === 3 ? { kind: "hang" } : answer(((seq * 37) % 90) * MS + 1))],
      { timeoutNs: 100 * MS },
    );
    run.time.runAll();
    await run.done;
    const errors = run.observations.ofKind("error");
    expect(errors.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 3_000 }, (_, seq) => seq).filter((seq) => seq % 7 === 3),
    );
    expect(errors.every((each) => responseNs(each) === 100 * MS)).toBe(true);
    expect(run.observations.ofKind("response")).toHaveLength(3_000 - errors.length);
  });

  it("makes room under the cap", async () => {
    const run = virtualRun(every(100 * MS, 30), [() => ({ kind: "hang" })], {
      inFlightMax: 5,
      timeoutNs: 500 * MS,
    });
    run.time.runAll();
    await run.done;
    expect(run.observations.ofKind("dropped")).toEqual([]);
  });
});

describe("stopping", () => {
  it("drops what is still to come, waits a second for answers, and cancels the rest", async () => {
    // Stopped at 1 s, after eleven starts, each of which takes 300 ms more than the one before.
    const run = virtualRun(every(100 * MS, 40), [({ seq }) => answer((seq + 1) * 300 * MS)]);
    run.time.advanceTo(S);
    run.stopping.abort();
    // One for each route: the first of its starts, and how many.
    expect(run.observations.ofKind("dropped")).toEqual(
      [10, 10, 9].map((count, i) => ({
        kind: "dropped",
        arm: 0,
        stage: 0,
        seq: 11 + i,
        route: (11 + i) % 3,
        intendedNs: (11 + i) * 100 * MS,
        reason: "run-stopped",
        count,
      })),
    );
    run.time.advanceTo(2 * S - 1);
    expect(await run.outcome()).toBeUndefined();
    run.time.advanceTo(2 * S);
    expect(await run.outcome()).toBe("resolved");
    // Start n ends at 100 n + 300 (n + 1) ms: up to 2 s those of n < 5.
    expect(run.observations.ofKind("response").map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
    const cancelled = run.observations.ofKind("error");
    expect(cancelled.map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(new Set(cancelled.map(({ error, endNs }) => `${error} ${endNs}`))).toEqual(
      new Set([`cancelled ${2 * S}`]),
    );
    expect(countsOf(run)).toEqual({ response: 5, error: 6, dropped: 29 });
    expect(run.transports[0]?.sent).toHaveLength(11);
  });

  it("counts what a long plan still holds, by stage and route, and gives the loop back meanwhile", async () => {
    let taken = 0;
    const starts = (function* () {
      for (; taken < 100_000; taken++) yield startAt(taken, taken * MS, taken < 60_000 ? 0 : 1);
    })();
    const run = virtualRun(starts, [() => answer(1), () => answer(1)]);
    run.time.advanceTo(5 * MS);
    run.stopping.abort();
    expect(taken).toBeLessThan(50_000);
    expect(await run.outcome()).toBeUndefined();
    run.time.runAll();
    expect(await run.outcome()).toBe("resolved");
    for (const arm of [0, 1]) {
      const told = run.observations.ofArm(arm).filter((each) => each.kind === "dropped");
      const rows = told.map(({ count, route, seq, stage }) => ({ stage, route, seq, count }));
      // Six had been sent. Of the stage's rest, and of the next stage, a third falls to each route.
      expect(rows).toEqual([
        { stage: 0, route: 0, seq: 6, count: 19_998 },
        { stage: 0, route: 1, seq: 7, count: 19_998 },
        { stage: 0, route: 2, seq: 8, count: 19_998 },
        { stage: 1, route: 0, seq: 60_000, count: 13_334 },
        { stage: 1, route: 1, seq: 60_001, count: 13_333 },
        { stage: 1, route: 2, seq: 60_002, count: 13_333 },
      ]);
    }
    expect(run.stages).toEqual([{ stage: 0, atNs: 0 }]);
  });

  it("is over with the last answer when that comes within the second", async () => {
    const run = virtualRun(every(100 * MS, 40), [() => answer(250 * MS)]);
    run.time.advanceTo(S);
    run.stopping.abort();
    run.time.advanceTo(1_250 * MS);
    expect(await run.outcome()).toBe("resolved");
    expect(run.observations.ofKind("error")).toEqual([]);
  });

  it("before the first start drops everything, in every arm, and is over at once", async () => {
    const run = virtualRun(every(MS, 10), [() => answer(1), () => answer(1)]);
    run.stopping.abort();
    expect(await run.outcome()).toBe("resolved");
    expect(countsOf(run)).toEqual({ dropped: 20 });
    expect(countsOf(run, 1)).toEqual({ dropped: 10 });
    expect(run.stages).toEqual([]);
  });

  it("with a signal that was aborted from the first sends nothing", async () => {
    const stopping = new AbortController();
    stopping.abort();
    const run = virtualRun(every(MS, 10), [() => answer(1)], { stopping });
    expect(await run.outcome()).toBe("resolved");
    expect(countsOf(run)).toEqual({ dropped: 10 });
    run.time.runAll();
    expect(run.transports[0]?.sent).toEqual([]);
  });

  it("after the end changes nothing", async () => {
    const run = virtualRun(every(MS, 3), [() => answer(1)]);
    run.time.runAll();
    await run.done;
    run.stopping.abort();
    run.time.runAll();
    expect(run.observations.all).toHaveLength(3);
  });
});
