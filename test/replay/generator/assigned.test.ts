import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { NS_PER_MS, NS_PER_S } from "../../../src/core/index.ts";
import { readExposures, readObservations } from "../../../src/measure/index.ts";
import {
  type AssignedStarts,
  EXPOSURE_PARTS,
  type GeneratorJob,
  NOTHING_LOOKED_AT,
  recordKeys,
  type SplitSpec,
  TRANSPORT_LIMITS,
} from "../../../src/replay/index.ts";
import { untoldOf } from "../../../src/replay/generator/untold.ts";
import { WorkerGenerator } from "../../../src/replay/generator/worker.ts";
import { loopbackTarget } from "../../../src/testing/index.ts";
import { recordStore } from "../../profile/stored.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-assigned-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STORE = recordStore(
  Array.from({ length: 20 }, (_, i) => ({
    offsetNs: i,
    method: "GET",
    path: `/${i}`,
    headers: [],
    route: "GET /*",
    session: `s-${i % 5}`,
  })),
);
const SPLIT: SplitSpec = {
  kind: "split",
  by: { kind: "session" },
  weights: [0.5, 0.5],
  shares: [0.5],
  holdout: 0.2,
  reserved: ["s-1"],
};

function jobFor(origin: string, assigned: AssignedStarts): GeneratorJob {
  const target = { origin, address: "127.0.0.1", tls: null, http2: false };
  const capture = { offsetsNs: [0], speed: 1, loop: true, clump: 1 };
  const input = { fromPerSec: 400, toPerSec: 400, durationNs: 0.2 * NS_PER_S, capture };
  const place = mkdtempSync(join(folder, "job-"));
  return {
    arms: ["control", "variant"].map((name) => ({ name, target, headers: {}, transport: "wire" })),
    records: STORE.data,
    stageNames: ["all"],
    stages: [{ spec: { kind: "uniform" }, input }],
    assigned,
    lookedAt: NOTHING_LOOKED_AT,
    runId: "00000000000000aa",
    seed: "1",
    timeoutNs: 2 * NS_PER_S,
    inFlightMax: 100,
    limits: TRANSPORT_LIMITS,
    pacing: "alarm",
    goesFirst: false,
    workers: 1,
    rekey: true,
    copies: 1,
    substitute: [],
    spoolPaths: [join(place, "worker.spool")],
    untoldPaths: [join(place, "untold.spool")],
  };
}

/** Sends a job's starts to a target of ours, and gives what it saw beside what was observed. */
async function sent(assigned: AssignedStarts) {
  await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
  const job = jobFor(target.origin, assigned);
  const worker = new WorkerGenerator({ job, worker: 0, rekeying: null }, () => {});
  const { error } = await worker.run(process.hrtime.bigint());
  expect(error).toBeNull();
  const ids = target.seen.map(({ headers }) => String(headers["x-request-id"]));
  return { job, observations: [...readObservations(job.spoolPaths[0]!)], ids };
}

describe("a worker with starts that are assigned", () => {
  it("keeps of a split where each start went, which is where it was sent", async () => {
    const logPaths = [join(folder, "exposures.spool")];
    const keys = recordKeys(SPLIT, STORE);
    const { job, observations } = await sent({ spec: SPLIT, keys, logPaths });
    const log = readExposures(logPaths[0]!);
    expect(log.meta).toMatchObject({ arms: ["control", "variant"], parts: EXPOSURE_PARTS });
    const rows = [...log];
    expect(rows).toHaveLength(80);
    const armOf = new Map(rows.map(({ arm, seq }) => [seq, arm]));
    expect(armOf.size).toBe(80);
    expect(observations).toHaveLength(80);
    expect(observations.every(({ arm, seq }) => armOf.get(seq) === arm)).toBe(true);
    const reserved = rows.filter(({ part }) => EXPOSURE_PARTS[part] === "reserved");
    expect(reserved.map(({ seq }) => seq % 5)).toEqual(Array.from({ length: 16 }, () => 1));
    // What is missing when a worker dies is what its arms were to have.
    expect(untoldOf({ job, worker: 0 }, observations)).toEqual([]);
    const untold = untoldOf({ job, worker: 0 }, []);
    const variants = rows.filter(({ arm }) => arm === 1).length;
    expect(untold.map(({ arm, count }) => [arm, count])).toEqual([
      [0, 80 - variants],
      [1, variants],
    ]);
  });

  it("sends in a crossover the same starts to both arms, a period apart", async () => {
    const periodNs = 50 * NS_PER_MS;
    const { ids, job, observations } = await sent({
      spec: { kind: "crossover", periodNs, washoutNs: 0 },
    });
    expect(observations).toHaveLength(160);
    expect(new Set(ids).size).toBe(160);
    const of = (arm: number) =>
      new Map(observations.filter((row) => row.arm === arm).map((row) => [row.seq, row]));
    const [control, variant] = [of(0), of(1)];
    const apart = [...control.values()].map(({ intendedNs, seq }) =>
      Math.abs(variant.get(seq)!.intendedNs - intendedNs),
    );
    expect(new Set(apart)).toEqual(new Set([periodNs]));
    expect(Math.max(...observations.map(({ intendedNs }) => intendedNs))).toBeLessThan(
      0.4 * NS_PER_S,
    );
    expect(untoldOf({ job, worker: 0 }, observations)).toEqual([]);
  });
});
