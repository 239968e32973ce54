import { describe, expect, it } from "vitest";
import { requestIdOf, traceparentOf } from "../../src/core/index.ts";
import { answer, every, MS, requests, RUN_ID, S, startAt, virtualRun } from "./virtual-run.ts";

/** The arms in the order in which they were sent to, start by start. */
async function orders(seed: string, arms: number, count: number): Promise<number[][]> {
  const sent: number[][] = Array.from({ length: count }, () => []);
  const scripts = Array.from({ length: arms }, (_, arm) => ({ seq }: { seq: number }) => {
    sent[seq]!.push(arm);
    return answer(1);
  });
  const run = virtualRun(every(MS, count), scripts, { seed });
  run.time.runAll();
  await run.done;
  return sent;
}

describe("arms", () => {
  it("all get every start, at the same moment, with the same request", async () => {
    const run = virtualRun(every(MS, 200), [() => answer(5), () => answer(S), () => answer(9)]);
    run.time.runAll();
    await run.done;
    const sent = run.transports.map((transport) =>
      transport.sent.map(({ seq, sentNs, request }) => ({ seq, sentNs, path: request.path })),
    );
    expect(sent[0]).toHaveLength(200);
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[2]).toEqual(sent[0]);
    expect(sent[0]?.slice(0, 4).map(({ path }) => path)).toEqual(["/0", "/1", "/2", "/0"]);
  });

  it("get the identity of the start, with the arm's own number", async () => {
    const run = virtualRun(every(MS, 3), [() => answer(1), () => answer(1)]);
    run.time.runAll();
    await run.done;
    for (const [armIndex, transport] of run.transports.entries()) {
      const identity = { runId: RUN_ID, seq: 2, armIndex };
      expect(transport.sent[2]).toMatchObject({
        traceparent: traceparentOf(identity),
        requestId: requestIdOf(identity),
      });
    }
  });

  it("are written to in an order that is drawn anew for each start, and is balanced", async () => {
    const drawn = await orders("seed", 2, 4_000);
    expect(drawn.every((order) => order.length === 2)).toBe(true);
    const firsts = drawn.map(([first]) => first!);
    const ones = firsts.reduce((sum, first) => sum + first, 0);
    expect(Math.abs(ones - 2_000)).toBeLessThan(4 * Math.sqrt(4_000 / 4));
    // Nor does it alternate: a start's order is as often another as the same.
    const changes = firsts.slice(1).filter((first, i) => first !== firsts[i]).length;
    expect(Math.abs(changes - 2_000)).toBeLessThan(4 * Math.sqrt(4_000 / 4));
  });

  it("are each before each other as often as after it, however many there are", async () => {
    const drawn = await orders("seed", 4, 2_000);
    for (const [one, other] of [
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 3],
    ] as const) {
      const before = drawn.filter((order) => order.indexOf(one) < order.indexOf(other)).length;
      expect(Math.abs(before - 1_000)).toBeLessThan(4 * Math.sqrt(2_000 / 4));
    }
  });

  it("go on when the load of one is cut, whose starts are dropped and counted", async () => {
    let cut: (arm: number) => void = () => {};
    const run = virtualRun(
      every(10 * MS, 400),
      [() => answer(5 * MS), () => ({ kind: "hang" }), () => answer(5 * MS)],
      {
        onBegin: (_settledNs, cutArm) => {
          cut = cutArm;
        },
      },
    );
    run.time.advanceTo(S);
    cut(1);
    run.time.runAll();
    await run.done;
    const [control, out, other] = [0, 1, 2].map((arm) => run.observations.ofArm(arm));
    expect(control!.every(({ kind }) => kind === "response")).toBe(true);
    expect(other).toHaveLength(400);
    expect(out).toHaveLength(400);
    const dropped = out!.filter((row) => row.kind === "dropped" && row.reason === "arm-cut");
    expect(dropped.every(({ intendedNs }) => intendedNs >= S)).toBe(true);
    expect(dropped.length).toBeGreaterThan(290);
    // What was on its way had a second to come.
    const given = out!.filter((row) => row.kind === "error" && row.error === "cancelled");
    expect(given.length + dropped.length).toBe(400);
  });

  it("are written to in an order that the seed gives", async () => {
    expect(await orders("seed", 3, 50)).toEqual(await orders("seed", 3, 50));
    expect(await orders("seed", 3, 50)).not.toEqual(await orders("other", 3, 50));
  });
});

const bug = (): never => {
  throw new Error("a bug");
};
const SILENT = { send: () => {}, giveUp: () => {}, close: async () => {} };
const BROKEN = { name: "broken", requests, makeTransport: () => SILENT };

describe("a bug in what the replay calls", () => {
  const cases = {
    "onObservation, of an answer": { onObservation: bug },
    onStage: { onStage: bug },
    "the schedule, at its first start": { starts: { next: bug } },
    "the schedule, later": {
      starts: (function* () {
        yield startAt(0, 0);
        yield startAt(1, MS);
        bug();
      })(),
    },
    "the requests, as they are made ready": {
      arms: [{ ...BROKEN, requests: { ...requests, prepare: bug } }],
    },
    "a transport": {
      arms: [{ ...BROKEN, makeTransport: () => ({ ...SILENT, send: bug }) }],
    },
  };
  it.each(Object.entries(cases))("%s: ends the replay with its error", async (_, more) => {
    const run = virtualRun(every(MS, 20), [() => answer(5 * MS)], more);
    run.time.runAll();
    expect(await run.outcome()).toEqual({ rejected: new Error("a bug") });
  });

  it("of a drop when it is stopped: ends the replay with its error", async () => {
    const run = virtualRun(every(MS, 20), [() => answer(1)], { onObservation: bug });
    run.stopping.abort();
    expect(await run.outcome()).toEqual({ rejected: new Error("a bug") });
  });

  it("ends the sending, too: nothing is sent or told after it", async () => {
    let told = 0;
    const run = virtualRun(every(MS, 100), [() => answer(5 * MS)], {
      onObservation() {
        told++;
        if (told === 3) bug();
      },
    });
    run.time.runAll();
    await expect(run.done).rejects.toThrow("a bug");
    expect(told).toBe(3);
    // The third answer came at 7 ms, when that moment's start was sent or about to be.
    expect(run.transports[0]?.sent.length).toBeLessThanOrEqual(8);
  });
});
