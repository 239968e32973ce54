import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import {
  CALL_FAULTS,
  CALL_OUTCOMES,
  CallWriter,
  type EmulatedCall,
  readCalls,
  visitCallBatches,
  visitRows,
} from "../../src/measure/index.ts";
import { bucketOf } from "../../src/measure/hdr-layout.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-calls-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const META = { arms: ["control", "variant"], dependencies: ["payments", "stock"] };
const timeNs = fc.nat({ max: 2 ** 31 });
const delayUs = fc.double({ min: 0, max: 1e9, noNaN: true });
const calls: fc.Arbitrary<EmulatedCall> = fc.record({
  arm: fc.nat(1),
  dependency: fc.nat(1),
  seq: fc.integer({ min: -1, max: 2 ** 32 - 2 }),
  attempt: fc.integer({ min: 1, max: 2 ** 16 - 1 }),
  key: fc.maxSafeNat(),
  safe: fc.boolean(),
  arriveNs: timeNs,
  endNs: timeNs,
  meantDelayUs: delayUs,
  givenDelayUs: delayUs,
  queuedUs: delayUs,
  requestBytes: fc.nat({ max: 2 ** 32 - 1 }),
  responseBytes: fc.nat({ max: 2 ** 32 - 1 }),
  fault: fc.constantFrom(...CALL_FAULTS),
  early: fc.boolean(),
  status: fc.constantFrom(0, 200, 429, 503),
  outcome: fc.constantFrom(...CALL_OUTCOMES),
  retryAfterMs: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  inFlight: fc.integer({ min: 1, max: 2 ** 16 - 1 }),
  connections: fc.integer({ min: 1, max: 2 ** 16 - 1 }),
  connection: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

async function roundTrip(written: readonly EmulatedCall[], leadNs?: number) {
  const path = join(folder, `${files++}.spool`);
  const writer = await CallWriter.create(path, META);
  for (const call of written) writer.write(call);
  await writer.spool.close();
  return readCalls(path, leadNs);
}

it("emulated calls, written and read, are the same, on the run's clock", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { maxLength: 20 }), fc.nat(), async (written, leadNs) => {
      const table = await roundTrip(written, leadNs);
      expect(table.meta).toEqual(META);
      expect(table.truncated).toBe(false);
      expect([...table]).toEqual(
        written.map((call) => ({
          ...call,
          arriveNs: call.arriveNs - leadNs,
          endNs: call.endNs - leadNs,
        })),
      );
      const early = table.ofMoments((atNs) => atNs < 0);
      const visited: EmulatedCall[] = [];
      visitRows(early, (call) => visited.push({ ...call }));
      expect(visited).toEqual([...table].filter(({ arriveNs }) => arriveNs < 0));
      expect([...early]).toEqual(visited);
    }),
    { numRuns: 60 },
  );
});

it("batches of a table, and of its rows put together one by one, say the same of each call", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { maxLength: 20 }), fc.nat(), async (written, leadNs) => {
      const table = await roundTrip(written, leadNs);
      const seen = (rows: Parameters<typeof visitCallBatches>[0]) => {
        const all: unknown[] = [];
        visitCallBatches(rows, (batch) => {
          const { arm, dependency, key } = batch.columns;
          const { arriveNs, endNs, errorBuckets, givenBuckets, meantBuckets } = batch;
          for (let row = 0; row < batch.rows; row++) {
            all.push([
              [arm[row], dependency[row], key[row], arriveNs[row], endNs[row]],
              [meantBuckets[row], givenBuckets[row], errorBuckets[row]],
              [batch.outcomeAt(row), batch.hasWaited(row)],
            ]);
          }
        });
        return all;
      };
      expect(seen(table)).toEqual(
        seen({ meta: META, [Symbol.iterator]: () => table[Symbol.iterator]() }),
      );
      const errors = written.map(({ givenDelayUs, meantDelayUs }) => givenDelayUs - meantDelayUs);
      expect(seen(table)).toEqual(
        [...table].map((call, index) => [
          [call.arm, call.dependency, call.key, call.arriveNs, call.endNs],
          [call.meantDelayUs, call.givenDelayUs, Math.abs(errors[index]!)].map(bucketOf),
          [call.outcome, call.outcome === "ok" || call.outcome === "error"],
        ]),
      );
    }),
    { numRuns: 60 },
  );
});

it("counts beyond a column's reach stop there, and never wrap around", async () => {
  const [call] = fc.sample(calls, 1);
  const [read] = await roundTrip([
    { ...call!, inFlight: 70_000, connections: 70_000, attempt: 70_000 },
  ]);
  expect(read).toMatchObject({ inFlight: 65_535, connections: 65_535, attempt: 65_535 });
});
