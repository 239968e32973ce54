import { describe, expect, it } from "vitest";
import type { EmulatorSnapshot } from "../../src/emulator/index.ts";
import { emptyCounts } from "../../src/replay/index.ts";
import { faultSoFar } from "../../src/run/instrument-so-far.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

/** A hundred starts in each arm of the last stage, those of the last arm so late. */
function counted(lateUs: number, stage = PLAN.stages.length - 1) {
  const arms = PLAN.arms.map((_, arm) => {
    const counts = emptyCounts();
    counts.responseTime.record(10_000, 100);
    counts.startLag.record(arm === PLAN.arms.length - 1 ? lateUs : 10, 100);
    return counts;
  });
  return new Map([[stage, arms]]);
}

/** A thousand answers, of which so many were late. */
const answered = (late: number) =>
  ({ payments: { control: { timed: 1_000, late } } }) as unknown as EmulatorSnapshot;

const unjudged = PLAN.stages.findIndex(({ judgedFromNs }) => judgedFromNs === null);

describe("what is known of the instrument while a run goes on", () => {
  it("is at fault where a tenth of control's median is passed, in any arm", () => {
    expect(faultSoFar(PLAN, counted(900), answered(10))).toBeNull();
    expect(faultSoFar(PLAN, counted(3_000), {})).toMatch(/late by 3.*ms at p99 \(limit 1.*ms\)/);
  });

  it("is at fault where more than 1 % of a dependency's answers came late", () => {
    const fault = faultSoFar(PLAN, counted(10), answered(11));
    expect(fault).toMatch(/payments answered control late in 1.1 % of calls/);
  });

  it("says nothing of what is not judged, nor of what is not known", () => {
    expect(faultSoFar(PLAN, new Map(), {})).toBeNull();
    const early = unjudged === -1 ? new Map<number, never>() : counted(9_000, unjudged);
    expect(faultSoFar(PLAN, early, answered(0))).toBeNull();
  });
});
