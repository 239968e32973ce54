import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AnswerPairs } from "../../src/capture/answers.ts";
import { DistinctIds } from "../../src/capture/distinct.ts";
import { captureProfile, captureToFile } from "../../src/capture/index.ts";
import { Memo, MemoBudget } from "../../src/capture/memo.ts";
import { ShakedownError, seededPrng } from "../../src/core/index.ts";
import { readProfile } from "../../src/profile/index.ts";
import { fixture, KEYED } from "./reading.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shakedown-bounded-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("a capture of any length", () => {
  it.each(["storefront-excerpt.gor", "apache-excerpt.log", "cnn-excerpt.har", "otlp-orders.pb"])(
    "%s: what is written is what would be in memory, and passes the reader's checks",
    async (name) => {
      const out = join(folder, `${name}.gz`);
      const { manifest, summary } = await captureToFile(out, [fixture(name)], KEYED);
      const { profile } = await captureProfile([fixture(name)], KEYED);
      expect(await readProfile(out)).toEqual(profile);
      expect(manifest).toEqual(profile.manifest);
      expect(summary?.requestCount).toBe(profile.records.length);
      await rm(out);
    },
  );

  it("interrupted, refused or without a place, it leaves nothing behind", async () => {
    const log = join(folder, "long.log");
    const line = '203.0.113.9 - - [10/Oct/2000:13:55:36 +0000] "GET /log?q=';
    const lines = Array.from(
      { length: 60_000 },
      (_, i) => `${line}${"x".repeat(300)}${i} HTTP/1.1" 200 1`,
    );
    await writeFile(log, lines.join("\n"));
    const stopping = new AbortController();
    const reason = new ShakedownError("INTERRUPTED", "interrupted by SIGINT");
    const written = captureToFile(join(folder, "out.gz"), [log], {
      ...KEYED,
      signal: stopping.signal,
    });
    setImmediate(() => stopping.abort(reason));
    await expect(written).rejects.toBe(reason);
    const nowhere = captureToFile(join(folder, "no", "out.gz"), [log], KEYED);
    await expect(nowhere).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    await writeFile(log, "nonsense");
    const unknown = captureToFile(join(folder, "out.gz"), [log], KEYED);
    await expect(unknown).rejects.toMatchObject({ code: "CAPTURE_FORMAT_UNKNOWN" });
    expect(await readdir(folder)).toEqual(["long.log"]);
  });
});

describe("what a capture holds in memory", () => {
  it("different ids are counted exactly up to 262,144, and beyond that within 1 %", () => {
    const chance = seededPrng("ids");
    const hex = (): string =>
      Math.floor(chance() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
    const ids = new DistinctIds();
    let added = 0;
    const after = (total: number): number => {
      for (; added < total; added++) {
        const id = hex() + hex();
        ids.add(id);
        ids.add(id);
      }
      return ids.count;
    };
    for (const total of [1_000, 262_144]) expect(after(total)).toBe(total);
    for (const total of [262_145, 400_000, 600_000]) {
      expect(Math.abs(after(total) / total - 1)).toBeLessThan(0.01);
    }
    expect(ids.count).not.toBe(600_000);
  });

  it("a memo gives what would be made, whatever it has forgotten, and keeps no more than it may", () => {
    const budget = new MemoBudget(2_000);
    let made = 0;
    const memo = new Memo(budget, (text) => {
      made++;
      return `${text}!`;
    });
    const word = fc.oneof(fc.constantFrom("a", "b", "é", "✓", "x".repeat(3_000)), fc.string());
    let asked = 0;
    fc.assert(
      fc.property(fc.array(word), (words) => {
        asked += words.length;
        for (const text of words) expect(memo.of(text)).toBe(`${text}!`);
      }),
    );
    expect(made).toBeLessThan(asked);
    expect(budget.age).toBeGreaterThan(1);
  });

  it("requests that nobody answers are let go, oldest first, and late answers are orphans", () => {
    const pairs = new AnswerPairs();
    const settled: number[] = [];
    const count = 2 ** 16 + 3;
    for (let i = 0; i < count; i++) {
      const asked = { arrivalNs: 0n, bytes: 600, complete() {}, settle: () => settled.push(i) };
      pairs.ask(String(i), asked);
    }
    expect(settled).toEqual([0, 1, 2]);
    pairs.answer("1", { status: 200, endNs: 1n });
    expect(pairs.orphanCount).toBe(1);
    pairs.answer("7", { status: 200, endNs: 1n });
    expect([settled.at(-1), pairs.orphanCount]).toEqual([7, 1]);
    pairs.end();
    expect(new Set(settled).size).toBe(count);
    expect(settled).toHaveLength(count);
  });
});
