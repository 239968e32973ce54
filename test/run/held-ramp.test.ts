import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import type { Plan } from "../../src/experiment/index.ts";
import { Thinner } from "../../src/replay/thinner.ts";
import { heldPieces, heldWords, plannedRateAt } from "../../src/run/held-ramp.ts";
import { PLAN, STAGES } from "../experiment/plan-fixture.ts";

/** 50/s, then up to 200/s over 10 s, then 200/s, then 30/s. */
const RAMP: Plan = {
  ...PLAN,
  stages: [
    [0, 5, 50, 50],
    [5, 15, 50, 200],
    [15, 20, 200, 200],
    [20, 25, 30, 30],
  ].map(([from, to, fromPerSec, ratePerSec], index) => ({
    ...STAGES[0]!,
    name: `s${index}`,
    startNs: from! * NS_PER_S,
    endNs: to! * NS_PER_S,
    fromPerSec: fromPerSec!,
    ratePerSec: ratePerSec!,
  })),
};

/** How many of a plan's starts are sent in each of its seconds, once a ramp is held, and let go on. */
function sentPerSecond(fromNs: number, untilNs: number): number[] {
  const thinner = new Thinner("seed", false);
  const ratePerSec = plannedRateAt(RAMP, fromNs);
  for (const piece of heldPieces(RAMP, { fromNs, ratePerSec })) thinner.add(piece);
  thinner.release(untilNs);
  const sent = Array.from({ length: 25 }, () => 0);
  // A hundred plans' starts, so that what is drawn hardly tells.
  for (let [atNs, seq] = [0, 0]; atNs < 25 * NS_PER_S; seq++) {
    if (thinner.leavesOut({ seq, intendedNs: atNs, stage: 0, record: 0, copy: 0 }) === null) {
      sent[Math.floor(atNs / NS_PER_S)]! += 0.01;
    }
    atNs += NS_PER_S / 100 / plannedRateAt(RAMP, atNs);
  }
  return sent;
}

describe("a ramp that is held", () => {
  it("sends what was sent when it was, also where the plan climbs, and less where that has less", () => {
    const sent = sentPerSecond(8 * NS_PER_S, Infinity);
    expect(plannedRateAt(RAMP, 8 * NS_PER_S)).toBe(95);
    for (const second of sent.slice(0, 5)) expect(second).toBeCloseTo(50, 0);
    for (const second of sent.slice(8, 20)) {
      expect(second).toBeGreaterThan(90);
      expect(second).toBeLessThan(97);
    }
    for (const second of sent.slice(20)) expect(second).toBeCloseTo(30, 0);
  });

  it("goes on as planned from where it is let, not where it was", () => {
    const sent = sentPerSecond(8 * NS_PER_S, 17 * NS_PER_S);
    for (const second of sent.slice(15, 17)) expect(second).toBeLessThan(97);
    for (const second of sent.slice(17, 20)) expect(second).toBeCloseTo(200, -1);
  });

  it("leaves nothing out where nothing more is to come", () => {
    expect(heldPieces(RAMP, { fromNs: 16 * NS_PER_S, ratePerSec: 200 })).toEqual([]);
  });

  it("is told with when, where and why", () => {
    const held = { stage: "s1", ratePerSec: 95, fromNs: 8e9, because: "paused by hand" };
    expect(heldWords({ ...held, untilNs: 17e9 })).toBe(
      "ramp held at 95/s from 8 s on, until 17 s, in stage s1: paused by hand",
    );
    expect(heldWords({ ...held, untilNs: null })).not.toContain("until");
  });
});
