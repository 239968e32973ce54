import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import {
  assessCalibration,
  type Calibration,
  calibrationMismatch,
  calibrationSchema,
} from "../../src/experiment/index.ts";

function normal(...key: readonly (string | number)[]): number {
  const draw = keyedDraw("calibration", ...key);
  return (
    Math.sqrt(-2 * Math.log(1 - draw.uniform("radius"))) *
    Math.cos(2 * Math.PI * draw.uniform("angle"))
  );
}

const ALPHA = 0.05;
const DELAY = { delayUs: 2_000, truth: 0.05 };

interface Instrument {
  /** What one arm is favoured by. */
  readonly bias?: number;
  /** The runs' real standard error, as a multiple of what they say. */
  readonly honesty?: number;
  /** What of the delay is seen. */
  readonly seen?: number;
}

/** A calibration of 20 A/A runs, and 10 with a delay, by an instrument with the faults given. */
function calibrated(replication: number, { bias = 0, honesty = 1, seen = 1 }: Instrument = {}) {
  const one = (index: number, kind: string, truth: number) => ({
    estimate:
      truth +
      bias +
      0.01 * normal(replication, kind, index, "run") +
      0.01 * honesty * normal(replication, kind, index, "within"),
    se: 0.01,
    df: 39,
  });
  return assessCalibration({
    runs: Array.from({ length: 20 }, (_, i) => ({
      ...one(i, "a/a", 0),
      decision: "hold" as const,
    })),
    alpha: ALPHA,
    delayUs: DELAY.delayUs,
    positive: Array.from({ length: 10 }, (_, i) => ({
      ...one(i, "delay", DELAY.truth * seen),
      truth: DELAY.truth,
    })),
  });
}

const REPLICATIONS = 200;
const faulty = (instrument: Instrument): number =>
  Array.from({ length: REPLICATIONS }, (_, i) => calibrated(i, instrument)).filter(
    ({ faults }) => faults.length > 0,
  ).length / REPLICATIONS;

const SOUND: Calibration = {
  calibrationVersion: 1,
  madeAt: "2026-01-01T00:00:00.000Z",
  expiresAt: "2026-01-31T00:00:00.000Z",
  tool: { name: "shakedown", version: "0.1.0" },
  host: { fingerprint: "here", description: "2 cores" },
  scenario: "checkout",
  profileSha256: "profile",
  design: "duet",
  metric: "response_time_p95",
  alpha: ALPHA,
  runs: [],
  betweenRunSd: 0.01,
  betweenRunSdEstimate: 0.008,
  positive: null,
  interference: null,
  faults: [],
};
const HERE = {
  nowIso: "2026-01-30T00:00:00.000Z",
  hostFingerprint: "here",
  profileSha256: "profile",
  design: "duet" as const,
  metric: "response_time_p95",
  toolVersion: "0.1.0",
};

describe("what A/A runs say of the instrument", () => {
  it("a sound one is seldom called faulty; a biased or blind one mostly is", () => {
    expect(faulty({})).toBeLessThan(0.06);
    expect(faulty({ bias: 0.015 })).toBeGreaterThan(0.9);
    expect(faulty({ seen: 0 })).toBeGreaterThan(0.9);
  });

  it("the delay is found, and shown about as often as its size allows", () => {
    const all = Array.from({ length: REPLICATIONS }, (_, i) => calibrated(i).positive!);
    const share = (of: (one: (typeof all)[number]) => number): number =>
      all.reduce((sum, one) => sum + of(one), 0) / (10 * REPLICATIONS);
    expect(share(({ recovered }) => recovered)).toBeGreaterThan(0.94);
    expect(share(({ shown }) => shown)).toBeGreaterThan(0.75);
  });

  it("false alarms beyond what alpha allows are a fault, and too few runs are one", () => {
    const runs = Array.from({ length: 20 }, (_, i) => ({
      estimate: 0.01 * normal("alarms", i),
      se: 0.01,
      df: 39,
      decision: i < 4 ? ("roll-back" as const) : ("ship" as const),
    }));
    const given = { alpha: ALPHA, delayUs: 1, positive: [] };
    expect(assessCalibration({ ...given, runs }).faults).toEqual([
      "4 of 20 runs of one build against itself were to be rolled back",
    ]);
    expect(assessCalibration({ ...given, runs: runs.slice(16) }).faults[0]).toMatch(
      /^of whole A\/A runs there are 4; 5 /,
    );
  });

  it("runs that do not differ at all are a fault: nothing varied", () => {
    const same = { estimate: 0, se: 0, df: 39, decision: "hold" as const };
    const runs = Array.from({ length: 20 }, () => same);
    const { betweenRunSd, faults } = assessCalibration({
      runs,
      alpha: ALPHA,
      delayUs: 1,
      positive: [],
    });
    expect(betweenRunSd).toBe(0);
    expect(faults).toContain(
      "20 runs gave the same to the last digit, which says nothing of noise",
    );
  });

  it("holds only where, when and for what it was made", () => {
    expect(calibrationSchema.parse(SOUND)).toEqual(SOUND);
    expect(calibrationMismatch(SOUND, HERE)).toBeNull();
    const changes = [
      [{ nowIso: "2026-01-31T00:00:00.000Z" }, /^expired at 2026-01-31/],
      [{ hostFingerprint: "there" }, /another host \(2 cores\)/],
      [{ toolVersion: "0.2.0" }, /by version 0\.1\.0, and this is 0\.2\.0/],
      [{ profileSha256: "other" }, /another profile/],
      [{ design: "split" }, /made of runs by duet, and this is a split/],
      [{ metric: "error_ratio" }, /is of response_time_p95/],
    ] as const;
    for (const [change, why] of changes)
      expect(calibrationMismatch(SOUND, { ...HERE, ...change })).toMatch(why);
    expect(calibrationMismatch({ ...SOUND, faults: ["it lies"] }, HERE)).toMatch(
      /unsound: it lies/,
    );
  });
});
