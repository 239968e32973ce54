import { readFile } from "node:fs/promises";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Captured, type CaptureOptions, parseColumns } from "../../src/capture/index.ts";
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

/** What was read, or why nothing was: by a refusal, and nothing else. */
async function outcomeOf(sample: Sample, bytes: Buffer): Promise<Captured | ShakedownError> {
  try {
    return await captureTexts({ [sample.file]: bytes }, sample.options);
  } catch (thrown) {
    if (thrown instanceof ShakedownError) return thrown;
    throw thrown;
  }
}

/** `most`: a line or a separator may come about by chance; nothing is made of nothing. */
function wrongWith(outcome: Captured | ShakedownError, most: number): string | null {
  if (outcome instanceof ShakedownError) {
    const { code, message } = outcome;
    return /^CAPTURE_|^FILE_|^USAGE$/.test(code) && message !== "" ? null : `refused as ${code}`;
  }
  const { manifest, records: written } = outcome.profile;
  const { filtered, kept, records, rejected } = manifest.ledger;
  const refused = rejected.reduce((sum, { count }) => sum + count, 0);
  if (kept + filtered + refused !== records) return "the ledger does not add up";
  if (written.length !== kept) return "other records than the ledger has";
  if (kept > most) return "a record that was not there";
  return written.every(({ offsetNs }) => offsetNs >= 0) ? null : "a record before the first";
}

describe("a damaged file, imported as a user would", () => {
  it.each(SAMPLES)(
    "$file: a ledger that adds up and no record too many, or a refusal",
    async (sample) => {
      const { bytes, file, options } = sample;
      const { profile: whole } = await captureTexts({ [file]: bytes }, options);
      const { kept, records } = whole.manifest.ledger;
      expect(kept).toBeGreaterThan(0);
      let read = 0;
      await fc.assert(
        fc.asyncProperty(
          changes,
          fc.double({ min: 0.2, max: 1, noNaN: true }),
          async (all, part) => {
            const damaged = Buffer.from(bytes);
            for (const [at, byte] of all) damaged[at % damaged.length] = byte;
            const cut = damaged.subarray(0, Math.ceil(part * damaged.length));
            const outcome = await outcomeOf(sample, cut);
            expect(wrongWith(outcome, records)).toBeNull();
            if (!(outcome instanceof ShakedownError)) read++;
          },
        ),
        { numRuns: RUNS },
      );
      expect(read).toBeGreaterThan(0);
    },
  );
});
