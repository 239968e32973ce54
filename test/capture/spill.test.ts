import { mkdtemp, readdir, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HeldRecord, PRECISION, Spill } from "../../src/capture/spill/index.ts";
import { keyedDraw } from "../../src/core/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shakedown-spill-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Arrival {
  readonly ns: bigint;
  readonly wholeSecond: boolean;
}

const SEC = 1_000_000_000n;
const heldOf = ({ ns, wholeSecond }: Arrival, name: string): HeldRecord => ({
  sec: Number(ns / SEC),
  ns: Number(ns % SEC),
  precision: !wholeSecond
    ? PRECISION.exact
    : ns % SEC === 0n
      ? PRECISION.wholeSecond
      : PRECISION.secondFrom,
  route: name.length * 2 ** 30,
  text: `"method":"GET","path":"/${name}","headers":[["x-a","${"é".repeat(name.length)}"]]`,
  hasBody: name.length > 2,
  status: name.length === 1 ? undefined : 200 + name.length,
  serviceTimeUs: name.length === 1 ? undefined : name.length / 3,
  responseBytes: name.length === 2 ? undefined : name.length * 2 ** 33,
  connection: name.length > 1 ? name.padEnd(16, "c") : undefined,
  client: name.length > 2 ? name.padEnd(16, "d") : undefined,
  more: name.length > 3 ? `{"cookies":[["é","${name}"]]}` : "",
});

/*
 * The rule, written down for all records at once: sorted by arrival, those that share a second as
 * captured spread over it, and sorted again; equal ones as they were read.
 */
function sortedAtOnce(arrivals: readonly Arrival[]): [name: string, ns: bigint][] {
  const byNs = (a: { ns: bigint }, b: { ns: bigint }): number => Number(a.ns - b.ns);
  const sorted = arrivals.map((one, index) => ({ ...one, name: String(index) })).toSorted(byNs);
  const seconds = Map.groupBy(
    sorted.filter(({ wholeSecond }) => wholeSecond),
    ({ ns }) => ns,
  );
  for (const [second, records] of seconds) {
    const offsets = records
      .map((_one, i) => keyedDraw("arrival in a second", String(second), i).uniform("instant"))
      .map((draw) => Math.floor(draw * 1e9))
      .toSorted((a, b) => a - b);
    for (const [i, record] of records.entries()) record.ns += BigInt(offsets[i]!);
  }
  return sorted.toSorted(byNs).map(({ name, ns }) => [name, ns]);
}

function throughSpill(
  arrivals: readonly Arrival[],
  beside: string | undefined,
  sizes: { runBytes: number; windowsBytes: number },
): [name: string, ns: bigint][] {
  using spill = new Spill(beside, sizes);
  const held = arrivals.map((one, index) => heldOf(one, String(index)));
  const numbered = held.map((record) => ({ record, seq: spill.nextSeq() }));
  // Every second one waits for its answer, and is put in after the next.
  const late = numbered.map((_, i) => numbered[i % 2 === 0 ? i + 1 : i - 1] ?? numbered[i]!);
  for (const { record, seq } of late) spill.add(seq, record);
  const order = spill.arrivals();
  const found: [string, bigint][] = [];
  while (order.next()) {
    const { ns, record, sec } = order;
    const { client, connection, hasBody, more, responseBytes, route, serviceTimeUs, status } =
      record;
    const text = record.bytes.toString("utf8", record.textFrom, record.textTo);
    const name = (JSON.parse(`{${text}}`) as { path: string }).path.slice(1);
    const { precision } = held[Number(name)]!;
    // Whatever was held comes back.
    const times = { sec: record.sec, ns: record.ns, precision, serviceTimeUs };
    const back = {
      route,
      text,
      hasBody,
      status,
      responseBytes,
      connection,
      client,
      more,
      ...times,
    };
    expect(back).toEqual(held[Number(name)]);
    found.push([name, BigInt(sec) * SEC + BigInt(ns)]);
  }
  return found;
}

const arrival = fc.record({
  ns: fc.oneof(
    fc.nat(5).map((sec) => BigInt(sec) * SEC),
    fc.nat(5_000).map((ms) => BigInt(ms) * 1_000_000n),
    fc.bigInt({ min: 0n, max: 5n * SEC }),
  ),
  wholeSecond: fc.boolean(),
});

describe("the spill", () => {
  it("sorts and spreads in a file, run by run, as it would be done with all records at once", () => {
    fc.assert(
      fc.property(
        fc.array(arrival, { minLength: 1, maxLength: 200 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 20_000 }),
        fc.boolean(),
        (arrivals, nearlySorted, runBytes, inFile) => {
          const given = nearlySorted
            ? arrivals.toSorted((a, b) => Number(a.ns / SEC - b.ns / SEC))
            : arrivals;
          const beside = inFile ? join(folder, "profile") : undefined;
          const found = throughSpill(given, beside, { runBytes, windowsBytes: 1 });
          expect(found).toEqual(sortedAtOnce(given));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("a record that is longer than a run and its window comes back whole", () => {
    const long = heldOf({ ns: 0n, wholeSecond: false }, "long");
    using spill = new Spill(join(folder, "profile"), { runBytes: 1_000, windowsBytes: 1 });
    for (let i = 0; i < 3; i++) {
      spill.add(spill.nextSeq(), { ...long, sec: -i, text: `"a":"${"é".repeat(50_000 * i)}"` });
    }
    const order = spill.arrivals();
    for (const i of [2, 1, 0]) {
      expect(order.next()).toBe(true);
      expect(order.record.textTo - order.record.textFrom).toBe(6 + 50_000 * i * 2);
    }
    expect(order.next()).toBe(false);
  });

  it("its file has no name, so that nothing is left of it however the process ends", async () => {
    const before = new Date(0);
    await utimes(folder, before, before);
    using spill = new Spill(join(folder, "profile"), { runBytes: 1, windowsBytes: 1 });
    for (let i = 0; i < 3; i++) {
      spill.add(spill.nextSeq(), heldOf({ ns: 0n, wholeSecond: false }, "1"));
    }
    // Something was there in the meantime.
    expect((await stat(folder)).mtimeMs).not.toBe(before.getTime());
    expect(await readdir(folder)).toEqual([]);
  });

  it("a place that does not take the file is refused by name", () => {
    using spill = new Spill(join(folder, "no", "profile"), { runBytes: 1, windowsBytes: 1 });
    const record = heldOf({ ns: 0n, wholeSecond: false }, "1");
    spill.add(spill.nextSeq(), record);
    expect(() => spill.add(spill.nextSeq(), record)).toThrow(
      expect.objectContaining({
        code: "OUTPUT_UNWRITABLE",
        message: expect.stringContaining(join(folder, "no", "profile")) as string,
      }),
    );
  });
});
