import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { HistogramLogReader } from "hdr-histogram-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Histogram,
  INTERVAL_MEASURES,
  intervalLengthS,
  intervalLogLines,
  intervalTag,
  type Observation,
  type ObservationTable,
  ObservationWriter,
  readObservations,
  responseTimeUs,
  serviceTimeUs,
} from "../../src/measure/index.ts";
import { observations } from "./arbitrary.ts";

const CAP_NS = 10e9;
const META = { writer: "shakedown 1.2.3", startedAtMs: 1_700_000_000_123, capNs: CAP_NS };
const NAMES = {
  arms: ["control", "variant"],
  stages: ["warm up", "a/b", "all,of+them", "100%"],
  routes: Array.from({ length: 10 }, (_, n) => `GET /products/{slug}/${n}?q=a_b, c`),
};

let folder = "";
let made = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shakedown-hlog-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function tableOf(all: readonly Observation[]): Promise<ObservationTable> {
  const path = join(folder, `${made++}.spool`);
  const writer = await ObservationWriter.create(path, NAMES);
  for (const observation of all) writer.write(observation);
  await writer.spool.close();
  return readObservations(path);
}

/** Starts in the first eight seconds, in no order. */
const some = (count: { minLength: number; maxLength: number }) =>
  fc.array(
    fc.tuple(observations, fc.nat(7_999)).map(([each, ms]): Observation => {
      const byNs = ms * 1e6 - each.intendedNs;
      const moved = { ...each, intendedNs: each.intendedNs + byNs };
      if (moved.kind === "dropped") return moved;
      const started = { startNs: moved.startNs + byNs, endNs: moved.endNs + byNs };
      if (moved.kind === "error") return { ...moved, ...started };
      return { ...moved, ...started, firstByteNs: moved.firstByteNs + byNs };
    }),
    count,
  );

interface Line {
  readonly tag: string;
  readonly window: number;
  readonly maxMs: number;
  readonly histogram: Histogram;
}

const histogramLines = (table: ObservationTable, intervalS = 1): Line[] =>
  [...intervalLogLines(table, { ...META, intervalS })].flatMap((line) => {
    const [, tag, start, length, maxMs, encoded] =
      /^Tag=([^,\s]+),(\d+)\.000,(\d+)\.000,(\d+\.\d{3}),(\S+)\n$/.exec(line) ?? [];
    if (encoded === undefined || Number(length) !== intervalS) return [];
    const histogram = Histogram.decode(encoded);
    return [{ tag: tag!, window: Number(start), maxMs: Number(maxMs), histogram }];
  });

/** The same from the observations directly, by tag and window. */
function expected(table: ObservationTable): Map<string, Histogram> {
  const found = new Map<string, Histogram>();
  const record = (tag: string, us: number): void => {
    const histogram = found.get(tag) ?? new Histogram();
    found.set(tag, histogram);
    histogram.record(us);
  };
  for (const each of table) {
    if (each.kind === "dropped") continue;
    const [arm, stage] = [NAMES.arms[each.arm]!, NAMES.stages[each.stage]!];
    const at = Math.floor(each.intendedNs / 1e9);
    const lagUs = (each.startNs - each.intendedNs) / 1e3;
    record(`${at} ${intervalTag(arm, stage, "response")}`, responseTimeUs(each, CAP_NS));
    record(`${at} ${intervalTag(arm, stage, "service")}`, serviceTimeUs(each, CAP_NS));
    record(`${at} ${intervalTag(arm, stage, "start-lag")}`, lagUs);
    const route = intervalTag(arm, stage, "response", NAMES.routes[each.route]);
    record(`${at} ${route}`, responseTimeUs(each, CAP_NS));
  }
  return found;
}

describe("the interval log", () => {
  it("holds every request once a measure in the second it was meant for, and no dropped start", async () => {
    await fc.assert(
      fc.asyncProperty(some({ minLength: 0, maxLength: 60 }), async (all) => {
        const table = await tableOf(all);
        const lines = histogramLines(table);
        const wanted = expected(table);
        expect(lines.map(({ tag, window }) => `${window} ${tag}`).toSorted()).toEqual(
          [...wanted.keys()].toSorted(),
        );
        for (const { histogram, maxMs, tag, window } of lines) {
          const same = wanted.get(`${window} ${tag}`)!;
          expect(histogram.buckets()).toEqual(same.buckets());
          expect(maxMs).toBe(same.maxUs / 1_000);
        }
        const windows = lines.map(({ window }) => window);
        expect(windows).toEqual(windows.toSorted((a, b) => a - b));
      }),
      { numRuns: 40 },
    );
  });

  it("of longer intervals holds what those seconds hold together", async () => {
    const row = fc.constantFrom(1, 2, 5);
    await fc.assert(
      fc.asyncProperty(some({ minLength: 1, maxLength: 60 }), row, async (all, intervalS) => {
        const table = await tableOf(all);
        const model = new Map<string, Histogram>();
        for (const { histogram, tag, window } of histogramLines(table)) {
          const key = `${tag} ${Math.floor(window / intervalS) * intervalS}`;
          const together = model.get(key) ?? new Histogram();
          together.add(histogram);
          model.set(key, together);
        }
        const wide = histogramLines(table, intervalS).map(
          ({ histogram, tag, window }) => [`${tag} ${window}`, histogram.buckets()] as const,
        );
        const told = [...model].map(([key, histogram]) => [key, histogram.buckets()] as const);
        expect(new Map(wide)).toEqual(new Map(told));
      }),
      { numRuns: 10 },
    );
  });

  it("is of seconds, unless there were too many of them", () => {
    expect(intervalLengthS(250, 106)).toBe(1);
    expect(intervalLengthS(2_500, 106)).toBe(10);
    for (const runS of [0, 60, 3_600, 1e6]) {
      const lengthS = intervalLengthS(runS, 500);
      expect(lengthS === 600 || (runS / lengthS) * 500 <= 30_000).toBe(true);
    }
  });

  it("says its format, when the run began and its units before the first interval", async () => {
    const head = [...intervalLogLines(await tableOf([]), META)].join("");
    expect(head).toContain("#[Histogram log format version 1.3]\n");
    expect(head).toContain(
      "#[StartTime: 1700000000.123 (seconds since epoch), 2023-11-14T22:13:20.123Z]\n",
    );
    expect(head).toMatch(/Values are microseconds, Interval_Max is milliseconds/);
    expect(head.endsWith('"Interval_Max","Interval_Compressed_Histogram"\n')).toBe(true);
  });

  it("hdr-histogram-js reads it, with times since the epoch", async () => {
    const [all = []] = fc.sample(some({ minLength: 20, maxLength: 20 }), { seed: 1, numRuns: 1 });
    const table = await tableOf(all);
    const reader = new HistogramLogReader([...intervalLogLines(table, META)].join(""));
    for (const { histogram, tag, window } of histogramLines(table)) {
      const read = reader.nextIntervalHistogram();
      expect(read?.tag).toBe(tag);
      expect(read?.startTimeStampMsec).toBe(META.startedAtMs + window * 1_000);
      expect(read?.totalCount).toBe(histogram.count);
    }
    expect(reader.nextIntervalHistogram()).toBeFalsy();
  });

  it("tags are printable, without commas and spaces, and can be taken apart again", () => {
    const name = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.constantFrom("a/b, c"));
    fc.assert(
      fc.property(
        fc.tuple(name, name, fc.constantFrom(...INTERVAL_MEASURES)),
        fc.option(name, { nil: undefined }),
        ([arm, stage, measure], route) => {
          const tag = intervalTag(arm, stage, measure, route);
          expect(tag).toMatch(/^[!-~]+$/);
          expect(tag).not.toMatch(/[,"]/);
          const [a, s, m, ...rest] = tag.split("/");
          const read = (part: string): string => decodeURIComponent(part.replaceAll("+", " "));
          expect([a, s, m].map((part) => read(part!))).toEqual([arm, stage, measure]);
          expect(rest.length === 0 ? undefined : read(rest.join("/"))).toBe(route);
        },
      ),
    );
    expect(intervalTag("variant", "everybody", "response", "GET /products/{slug}")).toBe(
      "variant/everybody/response/GET+/products/{slug}",
    );
  });
});

const JAR = "/usr/share/java/hdrhistogram.jar";

/** Why the Java tools cannot be asked; null when they can. */
function noJava(): string | null {
  if (!existsSync(JAR)) return `${JAR} is not there (Debian: libhdrhistogram-java)`;
  return spawnSync("java", ["-version"]).status === 0 ? null : "java is not there";
}

/** What Java's HistogramLogProcessor says of a tag: values in µs, and how many are at or below. */
function javaRows(file: string, tag: string): { valueUs: number; p: number; count: number }[] {
  const options = ["-csv", "-i", file, "-tag", tag, "-outputValueUnitRatio", "1"];
  const args = ["-Xshare:auto", "-cp", JAR, "org.HdrHistogram.HistogramLogProcessor", ...options];
  return execFileSync("java", args, { encoding: "utf8" })
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(",").map(Number))
    .map(([valueUs, p, count]) => ({ valueUs: valueUs!, p: p!, count: count! }));
}

describe("Java's HdrHistogram", () => {
  it("reads the interval log: the same counts and percentiles, second after second added up", async ({
    skip,
  }) => {
    const missing = noJava();
    if (missing !== null) {
      if (process.env["CI"] === "true") throw new Error(missing);
      skip(missing);
    }
    const [all = []] = fc.sample(some({ minLength: 900, maxLength: 900 }), { seed: 7, numRuns: 1 });
    const table = await tableOf(all);
    const file = join(folder, "run.hlog");
    writeFileSync(file, [...intervalLogLines(table, META)].join(""));
    const whole = new Map<string, Histogram>();
    for (const { histogram, tag } of histogramLines(table)) {
      whole.set(tag, whole.get(tag) ?? new Histogram());
      whole.get(tag)!.add(histogram);
    }
    const tags = [
      intervalTag("control", "warm up", "response"),
      intervalTag("variant", "a/b", "service"),
      intervalTag("variant", "100%", "start-lag"),
      intervalTag("control", "all,of+them", "response", NAMES.routes[3]),
    ];
    for (const tag of tags) {
      const ours = whole.get(tag)!;
      const rows = javaRows(file, tag);
      expect(rows.length).toBeGreaterThan(5);
      expect(rows.at(-1)).toEqual({ valueUs: ours.maxUs, p: 1, count: ours.count });
      for (const { count, p, valueUs } of rows) {
        expect(ours.countAtOrBelow(valueUs)).toBe(count);
        expect(ours.quantile(Math.max(p, 1e-9))).toBe(valueUs);
      }
    }
  });
});
