import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { assert, asyncProperty, integer, nat } from "fast-check";
import { expect, it } from "vitest";
import {
  ceilingBy,
  type CeilingStep,
  generatorCeiling,
} from "../../src/run/saturate/generator-ceiling.ts";

const told: CeilingStep[] = [];
const tell = (step: CeilingStep): void => void told.push(step);
const sent = (inTime: boolean) => ({ generatorLagP99Us: inTime ? 80 : 5_000, goodputRatio: 1 });

it("a generator's ceiling is found from below, within a third, though a moment of noise is late", async () => {
  await assert(
    asyncProperty(integer({ min: 1_000, max: 200_000 }), nat(3), async (truth, noisy) => {
      const ceiling = await ceilingBy(
        (ratePerSec, index) => Promise.resolve(sent(ratePerSec <= truth && index !== noisy)),
        () => {},
      );
      expect(ceiling).toBeLessThanOrEqual(truth);
      expect(ceiling).toBeGreaterThan(truth / 1.5);
    }),
    { seed: 7, numRuns: 200 },
  );
});

it("what is sent in time and not answered is not held, and a machine that holds nothing says so", async () => {
  const lost = { generatorLagP99Us: 80, goodputRatio: 0.9 };
  await expect(ceilingBy(() => Promise.resolve(lost), tell)).rejects.toThrow(
    /not even 250 requests\/s are sent in time/,
  );
  expect(told.every(({ held }) => !held)).toBe(true);
});

it("is measured by the run's own generator, to a server of its own, and leaves nothing behind", async () => {
  const left = (): string[] => readdirSync(tmpdir()).filter((name) => /-ceiling-/.test(name));
  const before = left();
  const first = Promise.withResolvers<CeilingStep>();
  const enough = new AbortController();
  const measuring = generatorCeiling((step) => {
    first.resolve(step);
    enough.abort(new Error("enough"));
  }, enough.signal);
  await expect(measuring).rejects.toThrow("enough");
  expect(await first.promise).toMatchObject({ ratePerSec: 4_000, lagP99Us: expect.any(Number) });
  expect(left()).toEqual(before);
}, 60_000);
