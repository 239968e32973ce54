import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import {
  NOT_COMPARED,
  readResponses,
  responseLine,
  type ResponsePair,
  RESPONSES_END,
} from "../../src/measure/index.ts";
import { ResponseLogWriter } from "../../src/replay/answers/index.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-responses-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "responses.ndjson");

const pairs: fc.Arbitrary<ResponsePair> = fc.record(
  {
    arm: fc.nat(7),
    seq: fc.nat(),
    atNs: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    route: fc.nat(65_535),
    skipped: fc.constantFrom(...NOT_COMPARED),
    fields: fc.array(fc.string({ unit: "binary" })),
    examples: fc.array(fc.tuple(fc.string(), fc.string(), fc.string())),
  },
  { requiredKeys: ["arm", "seq", "atNs", "route", "fields"] },
);

it("what was written is read, and whole", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(pairs, { maxLength: 600 }), async (written) => {
      const failures: unknown[] = [];
      const log = new ResponseLogWriter(path, (failure) => failures.push(failure));
      for (const pair of written) log.write(pair);
      await log.close();
      expect(failures).toEqual([]);
      expect(readResponses(path)).toEqual({ pairs: written, whole: true });
    }),
    { numRuns: 20 },
  );
});

it("a log that is cut anywhere keeps what stands before, and is not whole", () => {
  const pair = { arm: 1, seq: 2, atNs: 3, route: 0, fields: ["$.ä"] };
  writeFileSync(path, `${responseLine(pair).repeat(3)}${RESPONSES_END}`);
  const { length } = readFileSync(path);
  expect(readResponses(path).whole).toBe(true);
  // The last byte is the end of the last line.
  for (let left = length - 2; left >= 0; left--) {
    truncateSync(path, left);
    const { pairs: kept, whole } = readResponses(path);
    expect(whole).toBe(false);
    expect(kept).toEqual(Array.from({ length: kept.length }, () => pair));
  }
});

it("something behind the end is damage", () => {
  writeFileSync(path, `${RESPONSES_END}${RESPONSES_END}`);
  expect(readResponses(path).whole).toBe(false);
});

it("a log that cannot be written says so once, and closes all the same", async () => {
  const codes: string[] = [];
  const log = new ResponseLogWriter(join(folder, "no", "such"), ({ code }) => codes.push(code));
  for (let i = 0; i < 1_000; i++) log.write({ arm: 1, seq: 2 * i, atNs: 0, route: 0, fields: [] });
  await log.close();
  expect(codes).toEqual(["DISK_WRITE_FAILED"]);
});
