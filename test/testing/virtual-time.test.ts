import { describe, expect, it } from "vitest";
import { createVirtualTime } from "../../src/testing/index.ts";

describe("virtual time", () => {
  it("moves only when it is told to, and never back", () => {
    const time = createVirtualTime();
    expect(time.clock.nowNs()).toBe(0);
    time.advanceTo(50);
    time.advanceTo(20);
    expect(time.clock.nowNs()).toBe(50);
    time.runAll();
    expect(time.clock.nowNs()).toBe(50);
  });

  it("fires on the way what is due, each at its own moment, also what is set on the way", () => {
    const time = createVirtualTime();
    const seen: number[] = [];
    const tick = (): void => {
      seen.push(time.clock.nowNs());
      time.deadlines.at(time.clock.nowNs() + 10, tick);
    };
    time.deadlines.at(10, tick);
    time.advanceTo(35);
    expect(seen).toEqual([10, 20, 30]);
    expect(time.clock.nowNs()).toBe(35);
  });

  it("stalls without firing: what came meanwhile is late", () => {
    const time = createVirtualTime();
    const seen: number[] = [];
    time.deadlines.at(10, () => seen.push(time.clock.nowNs()));
    time.stall(100);
    expect(seen).toEqual([]);
    time.runAll();
    expect(seen).toEqual([100]);
  });

  it("wakes sleepers at their deadline, and not before", async () => {
    const time = createVirtualTime();
    let awake = false;
    const sleeping = time.clock.sleepUntilNs(100).then(() => (awake = true));
    time.advanceTo(99);
    await Promise.resolve();
    expect(awake).toBe(false);
    time.advanceTo(100);
    await sleeping;
    await time.clock.sleepUntilNs(100);
    expect(time.clock.nowNs()).toBe(100);
  });

  it("wakes sleepers with the signal's reason, and forgets their deadline", async () => {
    const time = createVirtualTime();
    const stopping = new AbortController();
    const sleeping = time.clock.sleepUntilNs(100, stopping.signal);
    stopping.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    await expect(time.clock.sleepUntilNs(100, stopping.signal)).rejects.toThrow("enough");
    await time.clock.sleepUntilNs(0, stopping.signal);
  });
});
