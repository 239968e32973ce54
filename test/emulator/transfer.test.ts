import * as fc from "fast-check";
import { expect, it } from "vitest";
import { planTransfer, transferSchema } from "../../src/emulator/transfer/index.ts";

const plan = (bytes: number, written: object) => planTransfer(bytes, transferSchema.parse(written));

it("at once, unless told", () => {
  expect(plan(1_000, {})).toEqual([{ endByte: 1_000, afterUs: 0 }]);
  expect(plan(0, { bytesPerSec: "1kB", chunks: 3 })).toEqual([]);
});

it("a rate: the last byte comes when all of them would have, in pieces of about 20 ms", () => {
  const pieces = plan(100_000, { bytesPerSec: "100kB" });
  expect(pieces).toHaveLength(50);
  expect(pieces.at(-1)).toEqual({ endByte: 100_000, afterUs: 1e6 });
});

it("chunks: that many of about the same size, the gap apart", () => {
  expect(plan(10, { chunks: 3, chunkGap: "5ms" })).toEqual([
    { endByte: 3, afterUs: 0 },
    { endByte: 7, afterUs: 5_000 },
    { endByte: 10, afterUs: 10_000 },
  ]);
});

it("whatever is asked: every byte once, in order, never before the rate allows it", () => {
  const sizes = fc.nat({ max: 1_000_000 });
  const rates = fc.option(fc.integer({ min: 1, max: 10_000_000 }), { nil: undefined });
  const chunks = fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: undefined });
  fc.assert(
    fc.property(sizes, rates, chunks, fc.nat(1_000), (bytes, rate, count, gapUs) => {
      const pieces = plan(bytes, {
        ...(rate === undefined ? {} : { bytesPerSec: `${rate}B` }),
        ...(count === undefined ? {} : { chunks: count }),
        chunkGap: `${gapUs}us`,
      });
      expect(pieces.at(-1)?.endByte ?? 0).toBe(bytes);
      for (const [index, { afterUs, endByte }] of pieces.entries()) {
        const before = pieces[index - 1];
        expect(endByte).toBeGreaterThan(before?.endByte ?? 0);
        expect(afterUs).toBeGreaterThanOrEqual(before?.afterUs ?? 0);
        expect(afterUs).toBeGreaterThanOrEqual((endByte / (rate ?? Infinity)) * 1e6 - 1e-6);
      }
    }),
    { numRuns: 40 },
  );
});

it("a body that is cut off comes as the whole would have until there", () => {
  const bytes = fc.integer({ min: 1, max: 100_000 });
  const written = fc.record({
    bytesPerSec: fc.constantFrom("1kB", "64kB", "10MB"),
    chunks: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
    chunkGap: fc.constantFrom("0us", "1ms"),
  });
  fc.assert(
    fc.property(bytes, written, fc.nat(), (whole, { chunks, ...rest }, any) => {
      const cut = any % (whole + 1);
      const transfer = transferSchema.parse({
        ...rest,
        ...(chunks === undefined ? {} : { chunks }),
      });
      const [all, pieces] = [planTransfer(whole, transfer), planTransfer(whole, transfer, cut)];
      expect(pieces.at(-1)?.endByte ?? 0).toBe(cut);
      expect(pieces.slice(0, -1)).toEqual(all.slice(0, Math.max(pieces.length - 1, 0)));
      const [last, uncut] = [pieces.at(-1), all[pieces.length - 1]];
      expect(last?.afterUs ?? 0).toBeLessThanOrEqual(uncut?.afterUs ?? 0);
      const beforeUs = all[pieces.length - 2]?.afterUs ?? 0;
      expect(last?.afterUs ?? 0).toBeGreaterThanOrEqual(beforeUs);
      expect(last?.afterUs ?? 0).toBeGreaterThanOrEqual((cut / transfer.bytesPerSec) * 1e6 - 1e-6);
    }),
    { numRuns: 100 },
  );
});

it.each([
  [{ bytesPerSec: 5 }, /5 has no unit/],
  [{ chunks: 0 }, />=1/],
  [{ chunkGap: "soon" }, /soon/],
])("refuses %j", (written, message) => {
  expect(transferSchema.safeParse(written).error?.message).toMatch(message);
});
