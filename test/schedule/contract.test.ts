import { describe, it } from "vitest";
import { ARRIVALS } from "../../src/schedule/index.ts";
import { scheduleContract } from "../../src/testing/index.ts";

/** Bursts, a pause, and three requests at once, as captures have them. */
const OFFSETS_NS = [0, 0, 1_000, 1_000, 1_000, 5_000_000, 5_000_001, 900_000_000, 900_000_003];

for (const [name, make] of Object.entries(ARRIVALS)) {
  scheduleContract(
    name,
    (ratePerSec, durationNs) => make({ ratePerSec, durationNs, offsetsNs: OFFSETS_NS }),
    { describe, it },
  );
}

for (const [name, offsetsNs] of [
  ["of one record", [0]],
  ["of records that came all at once", [0, 0, 0, 0, 0]],
  ["of a long capture", Array.from({ length: 5_000 }, (_, i) => i * i * 1_000)],
] as const) {
  scheduleContract(
    `recorded, ${name}`,
    (ratePerSec, durationNs) => ARRIVALS.recorded({ ratePerSec, durationNs, offsetsNs }),
    { describe, it },
  );
}
