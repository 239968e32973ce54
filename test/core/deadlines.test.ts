import { once } from "node:events";
import { Worker } from "node:worker_threads";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createDeadlines,
  type DeadlineHandle,
  monotonicClock,
  PACINGS,
} from "../../src/core/index.ts";
import { createVirtualTime } from "../../src/testing/index.ts";

describe("deadlines, in virtual time", () => {
  it("fire in order, ties as they were set, each at its moment, and cancelled ones never", () => {
    const plan = fc.array(fc.record({ atNs: fc.nat(50), cancelled: fc.boolean() }));
    fc.assert(
      fc.property(plan, (planned) => {
        const time = createVirtualTime();
        const fired: { index: number; nowNs: number }[] = [];
        const handles = planned.map(({ atNs }, index) =>
          time.deadlines.at(atNs, () => fired.push({ index, nowNs: time.clock.nowNs() })),
        );
        for (const [index, { cancelled }] of planned.entries()) {
          if (cancelled) time.deadlines.cancel(handles[index]!);
        }
        time.runAll();
        const wanted = planned
          .map(({ atNs, cancelled }, index) => ({ index, nowNs: atNs, cancelled }))
          .filter(({ cancelled }) => !cancelled)
          .toSorted((a, b) => a.nowNs - b.nowNs || a.index - b.index)
          .map(({ index, nowNs }) => ({ index, nowNs }));
        expect(fired).toEqual(wanted);
        expect(handles.every(({ fire }) => fire === null)).toBe(true);
      }),
    );
  });

  it("fire nothing before its time", () => {
    const time = createVirtualTime();
    const fired: number[] = [];
    for (const atNs of [10, 20, 30]) time.deadlines.at(atNs, () => fired.push(atNs));
    time.advanceTo(19.999);
    expect(fired).toEqual([10]);
    time.advanceTo(20);
    expect(fired).toEqual([10, 20]);
    expect(time.clock.nowNs()).toBe(20);
  });

  it("set while one fires are kept, also nearer than the rest or in the past", () => {
    const time = createVirtualTime();
    const fired: string[] = [];
    const note = (what: string) => () => fired.push(`${what} at ${time.clock.nowNs()}`);
    time.deadlines.at(100, () => {
      note("first")();
      time.deadlines.at(150, note("nearer"));
      time.deadlines.at(1, note("past"));
    });
    time.deadlines.at(200, note("last"));
    time.runAll();
    expect(fired).toEqual(["first at 100", "past at 100", "nearer at 150", "last at 200"]);
  });

  it("may cancel one another as they fire", () => {
    const time = createVirtualTime();
    const fired: string[] = [];
    const handles: DeadlineHandle[] = [];
    time.deadlines.at(5, () => time.deadlines.cancel(handles[0]!));
    handles.push(time.deadlines.at(5, () => fired.push("cancelled")));
    time.deadlines.at(6, () => fired.push("next"));
    time.runAll();
    expect(fired).toEqual(["next"]);
  });

  it("that are late fire at once, in order, a few at a time", () => {
    const time = createVirtualTime();
    const fired: string[] = [];
    for (const atNs of [10, 20, 30]) {
      time.deadlines.at(atNs, () => {
        fired.push(`${atNs} at ${time.clock.nowNs()}`);
        time.stall(1_000_000);
      });
    }
    time.deadlines.at(40, () => fired.push(`40 at ${time.clock.nowNs()}`));
    time.runAll();
    expect(fired).toEqual(["10 at 10", "20 at 1000010", "30 at 2000010", "40 at 3000010"]);
  });

  it("go on after one that throws", () => {
    const time = createVirtualTime();
    const fired: number[] = [];
    time.deadlines.at(1, () => {
      throw new Error("a bug");
    });
    time.deadlines.at(2, () => fired.push(2));
    expect(() => time.runAll()).toThrow("a bug");
    time.runAll();
    expect(fired).toEqual([2]);
  });

  it("are forgotten when closed, also from within one", async () => {
    const time = createVirtualTime();
    const fired: number[] = [];
    time.deadlines.at(1, () => {
      fired.push(1);
      void time.deadlines.close();
    });
    time.deadlines.at(1, () => fired.push(2));
    time.deadlines.at(9, () => fired.push(3));
    time.runAll();
    expect(fired).toEqual([1]);
  });
});

describe.each(PACINGS)("deadlines, in real time, by %s", (pacing) => {
  it("fire in order, none of them early, whatever the order they were set in", async () => {
    const clock = monotonicClock(process.hrtime.bigint());
    const deadlines = await createDeadlines(clock, pacing);
    const fired: { atNs: number; nowNs: number }[] = [];
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const startNs = clock.nowNs();
    const offsets = [30, 1, 12, 0, 12.05, 29.9, 2.5, 12.3, -5];
    for (const offsetMs of offsets) {
      const atNs = startNs + offsetMs * 1e6;
      deadlines.at(atNs, () => {
        fired.push({ atNs, nowNs: clock.nowNs() });
        if (fired.length === offsets.length) resolve();
      });
    }
    const cancelled = deadlines.at(startNs + 5e6, () => fired.push({ atNs: 0, nowNs: -1 }));
    deadlines.cancel(cancelled);
    await over;
    await deadlines.close();
    expect(fired.filter(({ atNs, nowNs }) => nowNs < atNs)).toEqual([]);
    expect(fired.map(({ atNs }) => atNs)).toEqual(
      offsets.toSorted((a, b) => a - b).map((offsetMs) => startNs + offsetMs * 1e6),
    );
  });

  it("that follow one another closely leave the loop time to read its sockets", async () => {
    const clock = monotonicClock(process.hrtime.bigint());
    const deadlines = await createDeadlines(clock, pacing);
    const { promise: over, resolve } = Promise.withResolvers<void>();
    // 100,000 a second: each is due before the loop could be woken for it.
    const LAST = 20_000;
    let looks = 0;
    let running = true;
    const look = (): void => {
      looks++;
      if (running) setImmediate(look);
    };
    setImmediate(look);
    const startNs = clock.nowNs();
    const next = (i: number): void => {
      if (i === LAST) return resolve();
      deadlines.at(startNs + i * 10_000, () => next(i + 1));
    };
    next(0);
    await over;
    running = false;
    await deadlines.close();
    // 200 ms, or 20 of nothing but firing, given back every quarter of one: far more looks than
    // the two of a loop that is kept until the end.
    expect(looks).toBeGreaterThan(10);
  });

  it("end with their thread: after close nothing fires, and closing is over", async () => {
    const clock = monotonicClock(process.hrtime.bigint());
    const deadlines = await createDeadlines(clock, pacing);
    let fired = 0;
    deadlines.at(clock.nowNs() + 1e6, () => fired++);
    await deadlines.close();
    const nextTurn = Promise.withResolvers<void>();
    setImmediate(() => nextTurn.resolve());
    await nextTurn.promise;
    expect(fired).toBe(0);
  });
});

describe("alarm threads", () => {
  /** Threads are numbered as they begin. */
  const nextThread = async (): Promise<number> => {
    const thread = new Worker("", { eval: true });
    const { threadId } = thread;
    await once(thread, "exit");
    return threadId;
  };
  const wakesAt = async (originNs: bigint): Promise<number> => {
    const clock = monotonicClock(originNs);
    const deadlines = await createDeadlines(clock, "alarm");
    const deadlineNs = clock.nowNs() + 3e6;
    const firedNs = await new Promise<number>((fire) => {
      deadlines.at(deadlineNs, () => fire(clock.nowNs()));
    });
    await deadlines.close();
    return firedNs - deadlineNs;
  };

  it("are used again, whatever their next owner's clock counts from", async () => {
    const nowNs = process.hrtime.bigint();
    await wakesAt(nowNs);
    const before = await nextThread();
    const lates = [
      await wakesAt(nowNs - 10_000_000_000n),
      await wakesAt(nowNs + 3_600_000_000_000n),
    ];
    expect(lates.filter((lateNs) => lateNs < 0)).toEqual([]);
    expect(await nextThread()).toBe(before + 1);
  });

  it("of several at once are several, and those kept hold nobody back", async () => {
    const module = new URL("../../src/core/index.ts", import.meta.url).href;
    const text = `
      import { createDeadlines, monotonicClock } from ${JSON.stringify(module)};
      const clock = monotonicClock(process.hrtime.bigint());
      const all = await Promise.all(Array.from({ length: 4 }, () => createDeadlines(clock)));
      const untilNs = clock.nowNs() + 2e6;
      await Promise.all(all.map((own) => new Promise((fire) => void own.at(untilNs, fire))));
      await Promise.all(all.map((own) => own.close()));`;
    const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`));
    expect(await once(thread, "exit")).toEqual([0]);
  });
});

describe("the monotonic clock", () => {
  it("counts from its origin, and never goes back", () => {
    const clock = monotonicClock(process.hrtime.bigint() - 5_000_000_000n);
    const readings = Array.from({ length: 1_000 }, () => clock.nowNs());
    expect(readings[0]).toBeGreaterThanOrEqual(5e9);
    expect(readings.every((now, i) => i === 0 || now >= readings[i - 1]!)).toBe(true);
    // A second clock of the same origin, read later, is not behind.
    expect(monotonicClock(clock.originNs).nowNs()).toBeGreaterThanOrEqual(readings.at(-1)!);
  });

  it("sleeps until its deadline, not until before it, and not at all for one that has passed", async () => {
    const clock = monotonicClock(process.hrtime.bigint());
    const deadlineNs = clock.nowNs() + 2_300_000;
    await clock.sleepUntilNs(deadlineNs);
    expect(clock.nowNs()).toBeGreaterThanOrEqual(deadlineNs);
    await clock.sleepUntilNs(0);
  });

  it("is woken by the signal, with its reason", async () => {
    const clock = monotonicClock(process.hrtime.bigint());
    const stopping = new AbortController();
    const sleeping = clock.sleepUntilNs(3_600e9, stopping.signal);
    stopping.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    await expect(clock.sleepUntilNs(3_600e9, stopping.signal)).rejects.toThrow("enough");
  });
});
