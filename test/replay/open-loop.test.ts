import { describe, expect, it } from "vitest";
import { lagCause } from "../../src/measure/index.ts";
import { stagedStarts, uniformSchedule } from "../../src/schedule/index.ts";
import { tallyOf } from "../measure/tally-of.ts";
import {
  answer,
  bytesOutOf,
  every,
  lagNs,
  MS,
  responseNs,
  S,
  type Script,
  serviceNs,
  startAt,
  virtualRun,
} from "./virtual-run.ts";

describe("open loop", () => {
  it.each([
    ["answers at once", () => answer(1)],
    ["is slow", () => answer(7 * S)],
    ["never answers", () => ({ kind: "hang" }) as const],
    ["fails at once", () => ({ kind: "fail", afterNs: 0, error: "refused" }) as const],
  ])("a target that %s changes no start", async (_, script) => {
    const starts = every(3 * MS, 500);
    const run = virtualRun(starts, [script]);
    run.time.runAll();
    await run.done;
    expect(run.transports[0]?.sent.map(({ seq, sentNs }) => ({ seq, sentNs }))).toEqual(
      starts.map(({ seq, intendedNs }) => ({ seq, sentNs: intendedNs })),
    );
  });

  it("an observation says when its start was meant, made, answered and over", async () => {
    const run = virtualRun(every(5 * MS, 4), [
      ({ seq }) => ({ kind: "answer", afterNs: 2 * MS, status: 201, bytesIn: seq * 10 }),
    ]);
    run.time.runAll();
    await run.done;
    const at = (seq: number) => run.observations.all.find((each) => each.seq === seq);
    expect(at(3)).toEqual({
      kind: "response",
      arm: 0,
      stage: 0,
      seq: 3,
      route: 0,
      intendedNs: 15 * MS,
      startNs: 15 * MS,
      connectionWaitNs: 0,
      firstByteNs: 17 * MS,
      endNs: 17 * MS,
      status: 201,
      bytesIn: 30,
      bytesOut: bytesOutOf(0),
    });
    expect(at(2)).toMatchObject({ route: 2, bytesOut: bytesOutOf(2) });
  });

  it("no coordinated omission: a target frozen for a second costs every user who comes meanwhile", async () => {
    // 100 a second for 5 s; frozen from 2 s to 3 s; 1 ms otherwise.
    const starts = stagedStarts([uniformSchedule(100, 5 * S)], "seed", 3);
    const run = virtualRun(starts, [
      ({ sentNs }) => answer((sentNs >= 2 * S && sentNs < 3 * S ? 3 * S - sentNs : 0) + MS),
    ]);
    run.time.runAll();
    await run.done;
    const responses = run.observations.ofKind("response");
    expect(responses).toHaveLength(500);
    const waits = responses.map(responseNs);
    for (const { intendedNs, endNs } of responses) {
      const frozen = intendedNs >= 2 * S && intendedNs < 3 * S;
      expect(endNs - intendedNs).toBeCloseTo(frozen ? 3 * S + MS - intendedNs : MS, 3);
    }
    // The generator was never late, so nobody's wait hides between intended start and start.
    expect(responses.every((each) => lagNs(each) === 0)).toBe(true);
    // A hundred users waited, half a second on average: a closed loop would have seen one.
    const waited = waits.filter((ns) => ns > 2 * MS);
    expect(waited).toHaveLength(100);
    const meanS = waited.reduce((sum, ns) => sum + ns, 0) / waited.length / S;
    expect(meanS).toBeCloseTo(0.501, 6);
  });

  it("a generator that was held up sends what is due at once, in order, and says how late", async () => {
    // 1 ms apart; sending number 100 takes a second.
    const script: Script = ({ seq }, time) => {
      if (seq === 100) time.stall(S);
      return answer(2 * MS);
    };
    const run = virtualRun(every(MS, 2_000), [script], { inFlightMax: 2_000 });
    run.time.runAll();
    await run.done;
    const responses = run.observations.ofKind("response").toSorted((a, b) => a.seq - b.seq);
    expect(run.transports[0]?.sent.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 2_000 }, (_, seq) => seq),
    );
    for (const each of responses.slice(101)) {
      const lateNs = Math.max(0, 1_100 * MS - each.intendedNs);
      expect(lagNs(each)).toBe(lateNs);
      // The target was as fast as ever: what the user waited is response time, not service time.
      expect(serviceNs(each)).toBe(2 * MS);
      expect(responseNs(each)).toBe(lateNs + 2 * MS);
    }
    expect(responses.filter((each) => lagNs(each) > 0)).toHaveLength(1_000);
  });

  it("lateness is told apart: the generator's own, and the wait for a free connection", async () => {
    // Number 100 holds the generator up for a second; from 1,500 on a connection is free in 50 ms.
    const script: Script = ({ seq }, time) => {
      if (seq === 100) time.stall(S);
      return { kind: "answer", afterNs: 2 * MS, waitNs: seq < 1_500 ? 0 : 50 * MS };
    };
    const run = virtualRun(every(MS, 2_000), [script], { inFlightMax: 2_000 });
    run.time.runAll();
    await run.done;
    // What was on its way while the generator was held up was seen late, which is not asked here.
    const seen = run.observations.ofKind("response").filter(({ seq }) => seq > 100);
    const tally = tallyOf(seen, 10 * S);
    for (const each of seen) {
      const generatorNs = Math.max(0, 1_100 * MS - each.intendedNs);
      expect(each.connectionWaitNs).toBe(each.seq < 1_500 ? 0 : 50 * MS);
      expect(lagNs(each)).toBe(generatorNs + each.connectionWaitNs);
      expect(serviceNs(each)).toBe(2 * MS);
    }
    // 101 to 1,099 were late, the last of them by no more than 1 ms; 500 waited.
    expect(tally.lateStarts).toEqual({ generator: 998, connection: 500 });
  });

  it("a request that never got a connection waited for one until its end", async () => {
    const run = virtualRun(every(MS, 3), [() => ({ kind: "hang", waitNs: 60 * S })]);
    run.time.runAll();
    await run.done;
    const errors = run.observations.ofKind("error");
    expect(errors).toHaveLength(3);
    for (const each of errors) {
      expect(each).toMatchObject({ error: "timeout", connectionWaitNs: 10 * S });
      expect({ lag: lagNs(each), service: serviceNs(each) }).toEqual({ lag: 10 * S, service: 0 });
      expect(lagCause(each)).toBe("connection");
    }
  });

  it("stages are announced when their first start is due, once, and not when they have none", async () => {
    const starts = [startAt(0, 1), startAt(1, 2), startAt(2, 9, 2), startAt(3, 9, 2)];
    const run = virtualRun(starts, [() => answer(1)]);
    run.time.runAll();
    await run.done;
    expect(run.stages).toEqual([
      { stage: 0, atNs: 1 },
      { stage: 2, atNs: 9 },
    ]);
    expect(run.observations.all.map(({ stage }) => stage)).toEqual([0, 0, 2, 2]);
  });

  it("resolves when the last answer is there, and not before", async () => {
    const run = virtualRun(every(MS, 3), [({ seq }) => answer(seq === 0 ? S : MS)]);
    run.time.advanceTo(S - 1);
    expect(await run.outcome()).toBeUndefined();
    run.time.advanceTo(S);
    expect(await run.outcome()).toBe("resolved");
  });

  it("resolves at once when nothing is planned", async () => {
    const run = virtualRun([], [() => answer(1)]);
    expect(await run.outcome()).toBe("resolved");
  });

  it("is lazy: of a schedule without an end it takes what is due, and one more", () => {
    let taken = 0;
    const endless = (function* () {
      for (let seq = 0; ; seq++) {
        taken++;
        yield startAt(seq, seq * MS);
      }
    })();
    const run = virtualRun(endless, [() => answer(1)]);
    run.time.advanceTo(10 * MS);
    expect(taken).toBe(12);
  });
});
