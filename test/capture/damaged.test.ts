import { readFile } from "node:fs/promises";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CaptureOptions, parseColumns } from "../../src/capture/index.ts";
import { ShakedownError } from "../../src/core/index.ts";
import { captureTexts, fixture } from "./reading.ts";

const AZURE = parseColumns("time=TIMESTAMP,method:=POST,path:=/v1/completions");
const ROWS = parseColumns("time=at,method=verb,path=url,duration(ms)=took");
const RUNS = 80;

const gor = await readFile(fixture("storefront-excerpt.gor"));
const csv = gunzipSync(await readFile(fixture("azure-llm-code.csv.gz")))
  .toString("utf8")
  .split("\n")
  .slice(0, 40)
  .join("\n");
const jsonLines = Array.from(
  { length: 30 },
  (_, i) => `{"at":"2024-01-01T00:00:${10 + i}.5Z","verb":"GET","url":"/p/${i}?q=1","took":${i}.5}`,
).join("\n");

const otlp: unknown = JSON.parse(await readFile(fixture("otlp-orders.json"), "utf8"));
const otlpLine = Buffer.from(`${JSON.stringify(otlp)}\n`);

interface Sample {
  readonly file: string;
  readonly bytes: Buffer;
  readonly options?: Partial<CaptureOptions>;
}

/** Each with the most records that can be in it. */
const SAMPLES: readonly Sample[] = [
  { file: "x.gor", bytes: gor },
  { file: "x.gor.gz", bytes: gzipSync(gor) },
  { file: "x.gor.zst", bytes: zstdCompressSync(gor) },
  { file: "x.har", bytes: await readFile(fixture("pastries-excerpt.har")) },
  { file: "x.csv", bytes: Buffer.from(csv), options: { columns: AZURE } },
  { file: "x.jsonl", bytes: Buffer.from(jsonLines), options: { columns: ROWS } },
  { file: "x.otlp.jsonl", bytes: otlpLine },
];

/** A few bytes become others, of which some mean something to each format. */
const changes = fc.array(
  fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"{}[]:,\n\r\\-9 ')))),
  { maxLength: 12 },
);

describe("a damaged file, imported as a user would", () => {
  it.each(SAMPLES)(
    "$file: a ledger that adds up and no record too many, or a refusal",
    async ({ bytes, file, options }) => {
      const { profile: whole } = await captureTexts({ [file]: bytes }, options);
      expect(whole.manifest.ledger.kept).toBeGreaterThan(0);
      const most = whole.manifest.ledger.records;
      let read = 0;
      await fc.assert(
        fc.asyncProperty(
          changes,
          fc.double({ min: 0.2, max: 1, noNaN: true }),
          async (all, part) => {
            const damaged = Buffer.from(bytes);
            for (const [at, byte] of all) damaged[at % damaged.length] = byte;
            const cut = damaged.subarray(0, Math.ceil(part * damaged.length));
            try {
              const { profile } = await captureTexts({ [file]: cut }, options);
              const { filtered, kept, records, rejected } = profile.manifest.ledger;
              const refused = rejected.reduce((sum, { count }) => sum + count, 0);
              expect(kept + filtered + refused).toBe(records);
              expect(profile.records).toHaveLength(kept);
              // A line or a separator may come about by chance; nothing is made of nothing.
              expect(kept).toBeLessThanOrEqual(most);
              for (const { offsetNs } of profile.records)
                expect(offsetNs).toBeGreaterThanOrEqual(0);
              read++;
            } catch (thrown) {
              if (!(thrown instanceof ShakedownError)) throw thrown;
              expect(thrown.code).toMatch(/^CAPTURE_|^FILE_|^USAGE$/);
              expect(thrown.message).not.toBe("");
            }
          },
        ),
        { numRuns: RUNS },
      );
      expect(read).toBeGreaterThan(0);
    },
  );
});
