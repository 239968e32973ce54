import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { cpuSecondsBy, readUsage, usageLine, type UsageSample } from "../../src/measure/index.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-usage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SAMPLES: readonly UsageSample[] = [
  { atNs: -100, cpuS: { control: 0, variant: 0 } },
  { atNs: 100, cpuS: { control: 2, variant: 1 } },
  { atNs: 400, cpuS: { control: 2, variant: 4 }, last: true },
];
const read = (text: string): UsageSample[] => {
  const path = join(folder, "usage.ndjson");
  writeFileSync(path, text);
  return readUsage(path);
};

it("what is written is read; a line that is cut or damaged ends the reading", () => {
  const text = SAMPLES.map(usageLine).join("");
  expect(read(text)).toEqual(SAMPLES);
  expect(read(text.slice(0, -5))).toEqual(SAMPLES.slice(0, 2));
  expect(read(text.replace('"atNs":100', '"atNs":"soon"'))).toEqual(SAMPLES.slice(0, 1));
  expect(read("")).toEqual([]);
});

it("between two samples use is on the straight line, after the last it stays", () => {
  const moments = [-100, -50, 0, 100, 200, 399, 400, 9_999];
  const of = (arm: string) => moments.map((atNs) => cpuSecondsBy(SAMPLES, arm, atNs));
  expect(of("control")).toEqual([0, 0.5, 1, 2, 2, 2, 2, 2]);
  expect(of("variant")).toEqual([0, 0.25, 0.5, 1, 2, expect.closeTo(3.99, 9), 4, 4]);
});

it("is unknown after the end of a log that broke off", () => {
  const cut = read(SAMPLES.map(usageLine).join("").slice(0, -5));
  const by = [-50, 99, 100, 101, 400].map((atNs) => cpuSecondsBy(cut, "variant", atNs));
  expect(by).toEqual([0.25, expect.closeTo(0.995, 9), 1, null, null]);
});

it("is unknown before the first sample, without any, and of an arm that nobody sampled", () => {
  expect(cpuSecondsBy(SAMPLES, "control", -101)).toBeNull();
  expect(cpuSecondsBy([], "control", 0)).toBeNull();
  expect([0, 400].map((atNs) => cpuSecondsBy(SAMPLES, "target", atNs))).toEqual([null, null]);
});

it("never falls, and over adjoining intervals adds up to the whole", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(5)), {
    minLength: 2,
    maxLength: 30,
  });
  fc.assert(
    fc.property(steps, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (grown, cuts) => {
      let [atNs, used] = [0, 0];
      const samples = grown.map(([later, more]): UsageSample => {
        [atNs, used] = [atNs + later, used + more];
        return { atNs, cpuS: { arm: used } };
      });
      const firstNs = samples[0]!.atNs;
      const places = [0, ...cuts.toSorted((a, b) => a - b), 1];
      const by = places.map((place) =>
        cpuSecondsBy(samples, "arm", firstNs + place * (atNs - firstNs))!,
      );
      const parts = by.slice(1).map((value, index) => value - by[index]!);
      expect(Math.min(...parts)).toBeGreaterThanOrEqual(-1e-9);
      const whole = used - samples[0]!.cpuS["arm"]!;
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(whole, 6);
    }),
  );
});
