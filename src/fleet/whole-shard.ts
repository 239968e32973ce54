import { existsSync } from "node:fs";
import { readObservations } from "../measure/index.ts";
import {
  type GeneratorJob,
  type GeneratorTotals,
  NOTHING_DONE,
  sumCounts,
  writeUntold,
} from "../replay/index.ts";
import type { ShakedownError } from "../core/index.ts";
import type { ShardStore } from "./shard-store.ts";

/**
 * Makes the ledger of one shard whole: what an attempt told that it did, or, where none did all of it,
 * what all told, and the rest as starts that were dropped since their generator died.
 * @throws OUTPUT_UNWRITABLE, DISK_WRITE_FAILED
 */
export async function wholeShard(given: {
  readonly job: GeneratorJob;
  readonly shard: number;
  readonly store: ShardStore;
  readonly done: GeneratorTotals | null;
  readonly whole: boolean;
  readonly attempts: readonly number[];
}): Promise<{ readonly totals: GeneratorTotals; readonly lostStarts: number }> {
  const { attempts, done, job, shard, store, whole } = given;
  const diskFailed = done?.error?.code === "DISK_WRITE_FAILED";
  if (done !== null && (whole || diskFailed)) return { totals: done, lostStarts: 0 };
  const keptRows = await writeUntold({ job, worker: shard }, store.whole(shard, attempts));
  const totals = { ...(done ?? { ...NOTHING_DONE, error: null }), keptRows };
  return { totals, lostStarts: lostIn(job.untoldPaths[shard]!) };
}

function lostIn(path: string): number {
  if (!existsSync(path)) return 0;
  let lost = 0;
  for (const row of readObservations(path)) lost += row.kind === "dropped" ? row.count : 0;
  return lost;
}

/** All shards together; `failure`: what went wrong with the fleet itself. */
export function sumOfShards(
  all: readonly GeneratorTotals[],
  failure: ShakedownError | null,
): GeneratorTotals {
  const sum = (of: (totals: GeneratorTotals) => number): number =>
    all.reduce((total, totals) => total + of(totals), 0);
  return {
    endNs: Math.max(...all.map(({ endNs }) => endNs)),
    keptRows: sum(({ keptRows }) => keptRows),
    lostRows: sum(({ lostRows }) => lostRows),
    resends: sum(({ resends }) => resends),
    substitutions: sumCounts(all.map(({ substitutions }) => substitutions)),
    error: failure ?? all.find(({ error }) => error !== null)?.error ?? null,
  };
}
