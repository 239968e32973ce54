import { seededPrng } from "../../../src/core/index.ts";
import { type ProfileRecord, writeProfile } from "../../../src/profile/index.ts";

/** Requests, and the items they are for. Each record comes several times in a run. */
const RECORDS = 300;
const ITEMS = 120;
const EXPONENT = 0.8;

/** A profile whose items are asked for as Zipf says, the same in every bench. */
export async function writeWardProfile(path: string): Promise<void> {
  const uniform = seededPrng("ward");
  const weights = Array.from({ length: ITEMS }, (_, item) => 1 / (item + 1) ** EXPONENT);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const draw = (): number => {
    let left = uniform() * total;
    return weights.findIndex((weight) => (left -= weight) < 0);
  };
  const records = Array.from({ length: RECORDS }, (_, n): ProfileRecord => ({
    offsetNs: n * 1e7,
    method: "GET",
    path: `/items/${Math.max(draw(), 0)}`,
    headers: [],
    route: "GET /items/{id}",
  }));
  const manifest = {
    shakedownProfile: 1 as const,
    name: "ward",
    source: [],
    provenance: { madeBy: "test/bench/ward" },
    timePrecisionNs: 1,
    startedAt: "2026-01-01T00:00:00.000Z",
    durationNs: records.at(-1)!.offsetNs,
    counts: { records: RECORDS, routes: 1, sessions: 0, bodies: 0 },
    ledger: { records: RECORDS, kept: RECORDS, filtered: 0, rejected: [] },
    redaction: { enabled: true, values: [] },
    warnings: [],
  };
  await writeProfile(path, { manifest, records });
}
