import { describe, it } from "vitest";
import {
  ARRIVALS,
  type CaptureInput,
  makeSchedule,
  parseArrivals,
  recordedSchedule,
  sequenceSchedule,
  uniformSchedule,
} from "../../src/schedule/index.ts";
import { scheduleContract, type ScheduleMaker } from "../../src/testing/index.ts";

const SUITE = { describe, it };
/** Bursts, a pause, and three requests at once, as captures have them. */
const OFFSETS_NS = [0, 0, 1_000, 1_000, 1_000, 5_000_000, 5_000_001, 900_000_000, 900_000_003];

/** A process whose rate goes from `slope` below its mean to as much above it, or stays. */
const made =
  (text: string, slope = 0, capture: Partial<CaptureInput> = {}): ScheduleMaker =>
  (ratePerSec, durationNs) =>
    makeSchedule(parseArrivals(text), {
      fromPerSec: ratePerSec * (1 - slope),
      toPerSec: ratePerSec * (1 + slope),
      durationNs,
      capture: { offsetsNs: OFFSETS_NS, loop: true, ...capture },
    });

/*
 * Bursts of 50 ms: the index of dispersion of an MMPP(2) over long windows, see burst.test.ts, is
 * 1 + 2 rate ratio' share' time = 1 + 2 × 2,000/s × (0.1 × 0.9 × 4.44²) × 45 ms.
 */
const BURSTS = "burst:mean=50ms";
const BURST_DISPERSION = 330;

for (const name of Object.keys(ARRIVALS)) {
  const bursty = name === "burst";
  // A period that divides all but the shortest of the contract's lengths: the mean is the mean.
  const text = bursty ? BURSTS : name === "sinusoid" ? "sinusoid:period=500ms" : name;
  const traits = { dispersion: bursty ? BURST_DISPERSION : 1, steady: name !== "sinusoid" };
  scheduleContract(name, made(text), SUITE, traits);
  // From a rate of 0, ten starts may take bursts by the hundred.
  for (const slope of bursty ? [0.5, -1] : [0.5, 1, -1]) {
    const ramp = { ...traits, dispersion: traits.dispersion * 2, steady: false };
    scheduleContract(`${name}, ramp of ${slope}`, made(text, slope), SUITE, ramp);
  }
}

for (const [name, capture] of [
  ["of one record", { offsetsNs: [0] }],
  ["of records that came all at once", { offsetsNs: [0, 0, 0, 0, 0] }],
  ["of a long capture", { offsetsNs: Array.from({ length: 5_000 }, (_, i) => i * i * 1_000) }],
  [
    "thinned in clumps",
    { offsetsNs: Array.from({ length: 90_000 }, (_, i) => i * 1e5), clump: 2.5 },
  ],
] as const) {
  // Where the capture is longer than the schedule, its own rhythm is what it plans.
  const dispersion = name === "of a long capture" ? 30 : 3;
  scheduleContract(`recorded, ${name}`, made("recorded", 0, capture), SUITE, { dispersion });
}

scheduleContract(
  "recorded, at the capture's own rhythm",
  (ratePerSec, durationNs) =>
    recordedSchedule([0, 1e9, 3e9], { durationNs, loop: true, speed: ratePerSec / (2 / 3) }),
  SUITE,
);

scheduleContract(
  "sequence",
  (ratePerSec, durationNs) =>
    sequenceSchedule([
      made("poisson")(ratePerSec, durationNs / 4),
      uniformSchedule(ratePerSec / 2, durationNs / 4),
      made("recorded")(ratePerSec * 1.25, durationNs / 2),
    ]),
  SUITE,
  { steady: false },
);
