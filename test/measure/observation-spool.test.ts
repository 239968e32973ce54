import { mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  type DropReason,
  type ErrorKind,
  isFailure,
  type Observation,
  type ObservationBatch,
  ObservationWriter,
  readObservations,
  visitRows,
} from "../../src/measure/index.ts";
import { observations } from "./arbitrary.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-observations-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const META = {
  arms: ["control", "variant"],
  stages: ["10%", "50%", "100%", "150%"],
  routes: Array.from({ length: 10 }, (_, i) => `GET /route-${i}`),
};

async function spoolOf(written: readonly Observation[]): Promise<string> {
  const path = join(folder, `${files++}.spool`);
  const writer = await ObservationWriter.create(path, META);
  for (const observation of written) writer.write(observation);
  await writer.spool.close();
  return path;
}

const roundTrip = async (written: readonly Observation[]) =>
  readObservations(await spoolOf(written));

/** Half a unit of 100 ns for each rounded part, and what a float of this size cannot hold. */
const TOLERANCE_NS = 50.1;

describe("observations, written and read", () => {
  it("are the same, with times to 100 ns and the intended start exact", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(observations, { maxLength: 30 }), async (written) => {
        const table = await roundTrip(written);
        expect(table.meta).toEqual(META);
        expect(table.rows).toBe(written.length);
        for (const [i, read] of [...table].entries()) {
          expect(withoutTimes(read)).toEqual(withoutTimes(written[i]!));
          expectTimes(read, written[i]!);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("still say: response time = start lag + service time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(observations, { maxLength: 30 }), async (written) => {
        for (const read of await roundTrip(written)) {
          if (read.kind === "dropped") continue;
          const { endNs, intendedNs, startNs } = read;
          const sumNs = startNs - intendedNs + (endNs - startNs);
          expect(Math.abs(endNs - intendedNs - sumNs)).toBeLessThan(0.1);
          expect(startNs).toBeGreaterThanOrEqual(intendedNs);
          expect(endNs).toBeGreaterThanOrEqual(startNs);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("of several workers are one table, spool after spool, and cut when one of them is", async () => {
    const three = fc.array(fc.array(observations, { maxLength: 10 }), {
      minLength: 2,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(three, async (workers) => {
        const whole = await roundTrip(workers.flat());
        const joined = readObservations(...(await Promise.all(workers.map(spoolOf))));
        expect(joined.meta).toEqual(META);
        expect(joined.truncated).toBe(false);
        expect([...joined]).toEqual([...whole]);
      }),
      { numRuns: 20 },
    );
    const paths = await Promise.all([spoolOf(fc.sample(observations, 5)), spoolOf([])]);
    truncateSync(paths[0], statSync(paths[0]).size - 1);
    expect(readObservations(...paths)).toMatchObject({ rows: 0, truncated: true });
    expect(() => readObservations()).toThrow(/has no observations/);
  });

  it("are handed on one by one, and in time, as they are read into a list", async () => {
    const workers = fc.array(fc.array(observations, { minLength: 1, maxLength: 20 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(workers, async (of) => {
        const table = readObservations(...(await Promise.all(of.map(spoolOf))));
        const all = [...table];
        const handed: Observation[] = [];
        table.each((row) => handed.push({ ...row }));
        expect(handed).toEqual(all);
        const expected = all.map((row) => JSON.stringify(columnsOf(row))).toSorted();
        const isEarly = (atNs: number): boolean => atNs < all[0]!.intendedNs;
        const early = table.ofMoments(isEarly);
        const visited: Observation[] = [];
        visitRows(early, (row) => visited.push({ ...row }));
        expect(visited).toEqual(all.filter(({ intendedNs }) => isEarly(intendedNs)));
        expect([...early]).toEqual(visited);
        expect(rowsIn(table.batches(), -Infinity)).toEqual(expected);
        expect(rowsIn(table.inTime(), Infinity)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it("hold what their columns reach, and never wrap around", async () => {
    const [read] = await roundTrip([
      {
        kind: "response",
        arm: 0,
        stage: 0,
        seq: 1,
        route: 0,
        intendedNs: 0,
        startNs: 1_000e9,
        connectionWaitNs: 1_000e9,
        firstByteNs: 3_000e9,
        endNs: 3_000e9,
        status: 200,
        bytesIn: 2 ** 40,
        bytesOut: 1,
      },
    ]);
    const reachNs = (2 ** 32 - 1) * 100;
    expect(read).toMatchObject({ startNs: reachNs, endNs: 2 * reachNs, bytesIn: 2 ** 32 - 1 });
  });
});

/** What a batch's columns hold of an observation. */
function columnsOf(row: Observation) {
  const { arm, intendedNs, kind, route, seq, stage } = row;
  const place = { kind, arm, stage, seq, route, intendedNs };
  if (row.kind === "dropped") return { ...place, reason: row.reason, count: row.count };
  const { connectionWaitNs, endNs, startNs } = row;
  const failed = isFailure(row);
  const started = { ...place, startNs, endNs, connectionWaitNs, failed };
  if (row.kind === "error") return { ...started, reason: row.error };
  return { ...started, status: row.status, bytesOut: row.bytesOut };
}

/** A batch's rows, as `columnsOf` has them. */
function rowsOf(batch: ObservationBatch): ReturnType<typeof columnsOf>[] {
  const { columns: c } = batch;
  return Array.from({ length: batch.rows }, (_, row) => {
    const kind = batch.isDropped(row) ? "dropped" : batch.isResponse(row) ? "response" : "error";
    const place = {
      kind,
      arm: c.arm[row]!,
      stage: c.stage[row]!,
      seq: c.seq[row]!,
      route: c.route[row]!,
      intendedNs: c.intendedNs[row]!,
    } as const;
    if (kind === "dropped") {
      return { ...place, reason: batch.reasonAt(row) as DropReason, count: batch.countAt(row) };
    }
    const started = {
      ...place,
      startNs: batch.startNs[row]!,
      endNs: batch.endNs[row]!,
      connectionWaitNs: batch.connectionWaitNs[row]!,
      failed: batch.isFailure(row),
    };
    if (kind === "error") return { ...started, reason: batch.reasonAt(row) as ErrorKind };
    return { ...started, status: c.status[row]!, bytesOut: c.bytesOut[row]! };
  });
}

/** What batches hold, sorted; none has a start from before what the one before it says has passed. */
function rowsIn(batches: Iterable<ObservationBatch>, lastUntilNs: number): string[] {
  const rows: string[] = [];
  let passedNs = -Infinity;
  for (const batch of batches) {
    for (const row of rowsOf(batch)) {
      expect(row.intendedNs).toBeGreaterThanOrEqual(passedNs);
      rows.push(JSON.stringify(row));
    }
    passedNs = batch.untilNs;
  }
  expect(passedNs).toBe(lastUntilNs);
  return rows.toSorted();
}

function withoutTimes(observation: Observation) {
  return { ...observation, startNs: 0, connectionWaitNs: 0, firstByteNs: 0, endNs: 0 };
}

function expectTimes(read: Observation, written: Observation): void {
  if (read.kind === "dropped" || written.kind === "dropped") return;
  expect(Math.abs(read.startNs - written.startNs)).toBeLessThan(TOLERANCE_NS);
  expect(Math.abs(read.endNs - written.endNs)).toBeLessThan(2 * TOLERANCE_NS);
  // To a 255th of the lag; a lag that rounds to nothing keeps nothing of its wait.
  const lagNs = written.startNs - written.intendedNs;
  const offNs = Math.abs(read.connectionWaitNs - written.connectionWaitNs);
  expect(offNs).toBeLessThanOrEqual(lagNs / 510 + 2 * TOLERANCE_NS);
  expect(read.connectionWaitNs).toBeLessThanOrEqual(read.startNs - read.intendedNs + 0.1);
  if (read.kind !== "response" || written.kind !== "response") return;
  expect(Math.abs(read.firstByteNs - written.firstByteNs)).toBeLessThan(2 * TOLERANCE_NS);
}
