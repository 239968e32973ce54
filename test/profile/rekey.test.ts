import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import {
  bodyBytes,
  keysOf,
  makeRekeyer,
  planRekeying,
  type ProfileRecord,
  profileRecordSchema,
  readProfile,
  requestKey,
  routeTemplates,
} from "../../src/profile/index.ts";
import { captureTexts, fixture } from "../capture/reading.ts";
import { recordStore } from "./stored.ts";

const STOREFRONT = new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname;

/** All records of all copies. */
function superposed(records: readonly ProfileRecord[], copies: number, seed = "1") {
  const store = recordStore(records);
  const rekeyer = makeRekeyer(store, planRekeying(store, { copies, seed }));
  const made = Array.from({ length: copies }, (_, copy) =>
    records.map((_record, index) => rekeyer.rekey(index, copy)),
  );
  return { rekeyer, made };
}

const routesOf = (records: readonly ProfileRecord[]): string[] =>
  routeTemplates(records.map(({ path }) => path));

const distinctKeys = (records: readonly ProfileRecord[]): number =>
  new Set(records.map((record) => requestKey(record)).filter((key) => key !== null)).size;

/** What of a text its renaming has to keep: kinds of characters; hex digits look all the same. */
const outline = (value: string): string =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^(?=.*[a-f])[0-9a-f]{16,}$/i.test(value)
    ? value.replaceAll(/[0-9a-f]/gi, "h")
    : value.replaceAll(/[a-z]/g, "a").replaceAll(/[A-Z]/g, "A").replaceAll(/\d/g, "0");

const hex = fc.string({
  unit: fc.constantFrom(...Array.from("0123456789abcdef")),
  minLength: 20,
  maxLength: 20,
});
const text = fc.string({
  unit: fc.constantFrom(...Array.from('abcxyzABC019-_. %é"\\/+&')),
  minLength: 1,
  maxLength: 12,
});
const identity = fc.oneof(fc.nat(99_999).map(String), fc.uuid(), hex, text);
const percent = (value: string): string => encodeURIComponent(value).replaceAll("%20", "+");

/** Records in which the same value may stand in the path, query, body and cookie. */
const recordArbitrary = fc
  .record({ path: fc.nat(99_999), value: identity, session: fc.option(hex), escaped: fc.boolean() })
  .map(({ path, value, session, escaped }): ProfileRecord => {
    const json = JSON.stringify({ user_id: value, n: 1 });
    const written = escaped ? json.replaceAll(/[b-m](?=[^:]*",)/g, String.raw`\u0061`) : json;
    return {
      offsetNs: 0,
      method: "POST",
      path: `/p/${path}?key=${percent(value)}&page=2`,
      headers: [
        ["cookie", `lang=en; sid=${encodeURIComponent(value)}`],
        ["accept", "*/*"],
      ],
      body: { encoding: "utf8", data: written },
      route: "POST /p/{id}",
      ...(session === null ? {} : { session, connection: "c1" }),
    };
  });

describe("re-keyed copies", () => {
  it("keep form, length and validity; a value has one name in a copy, which is nobody else's", () => {
    const captured = fc.array(recordArbitrary, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(captured, fc.string(), (records, seed) => {
        const { made } = superposed(records, 4, seed);
        const own = new Set(records.flatMap((record) => keysOf(record)).map(({ value }) => value));
        const owner = new Map<string, string>();
        expect(made[0]).toEqual(records);
        for (const [copy, copied] of made.entries()) {
          for (const [i, record] of copied.entries()) {
            profileRecordSchema.parse(record);
            expect(bodyBytes(record)).toBe(bodyBytes(records[i]!));
            expect(record.path).toHaveLength(records[i]!.path.length);
            expect(JSON.parse(record.body!.data)).toHaveProperty("user_id");
            const [before, after] = [keysOf(records[i]!), keysOf(record)];
            expect(after.map(({ value }) => outline(value))).toEqual(
              before.map(({ value }) => outline(value)),
            );
            for (const [at, { value }] of after.entries()) {
              if (value === before[at]!.value) continue;
              expect(own.has(value)).toBe(false);
              // One name, one owner: a value in a copy.
              const key = JSON.stringify([copy, before[at]!.value]);
              expect(owner.get(value) ?? key).toBe(key);
              owner.set(value, key);
            }
          }
        }
        expect(new Set(owner.values()).size).toBe(owner.size);
      }),
      { numRuns: 60 },
    );
  });

  it("are other users: sessions and connections differ in all copies, whatever their form", () => {
    const record: ProfileRecord = {
      offsetNs: 0,
      method: "GET",
      path: "/",
      headers: [["cookie", "sid=deadbeef01234567; theme=dark"]],
      route: "GET /",
      session: "7",
      connection: "a7a63243e51e2cfb",
    };
    const { made } = superposed([record], 20);
    const all = made.map(([one]) => one!);
    for (const of of ["session", "connection"] as const) {
      expect(new Set(all.map((one) => one[of])).size).toBe(20);
    }
    expect(new Set(all.map(({ headers }) => headers[0]![1])).size).toBe(20);
    for (const { headers } of all) {
      expect(headers[0]![1]).toMatch(/^sid=[0-9a-f]{16}; theme=dark$/);
    }
  });

  it("keep hex that is told from numbers by a letter, and a UUID's version and variant", () => {
    const prng = seededPrng("hex");
    const records = Array.from({ length: 4_000 }, (_, i): ProfileRecord => {
      const digits = String(Math.floor(prng() * 1e15)).padStart(15, "1");
      const uuid = `${digits.slice(0, 8)}-${digits.slice(0, 4)}-4${digits.slice(0, 3)}`;
      const path = `/${i % 2}/F${digits}/${uuid}-a${digits.slice(0, 3)}-${digits.slice(0, 12)}`;
      return { offsetNs: 0, method: "GET", path, headers: [], route: `GET /{id}/{hash}/{uuid}` };
    });
    const { made } = superposed(records, 2);
    for (const [i, { path }] of made[1]!.entries()) {
      expect(path).toMatch(/^\/\d\/(?=.*[A-F])[0-9A-F]{16}\/[0-9a-f-]{14}4[^-]{3}-a[0-9a-f-]{16}$/);
      expect(path).not.toBe(records[i]!.path);
    }
    expect(new Set(routesOf(made.flat()))).toEqual(new Set(["/{id}/{hash}/{uuid}"]));
  });

  it("leave what has no identity as it is, and depend on the seed alone", () => {
    const plain: ProfileRecord = {
      offsetNs: 0,
      method: "GET",
      path: "/",
      headers: [],
      route: "GET /",
    };
    const keyed = { ...plain, path: "/o/12345", route: "GET /o/{id}" };
    const { made } = superposed([plain, keyed], 3);
    expect(made[2]![0]).toEqual(plain);
    const [first, again, other] = ["a", "a", "b"].map((seed) => superposed([keyed], 3, seed).made);
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
  });
});

/** Requests to keys of which the r-th is asked for like r^-s, with a name of 8 letters each. */
function zipfRecords(count: number, catalogue: number, s: number): ProfileRecord[] {
  const cumulative: number[] = [];
  for (let r = 1; r <= catalogue; r++) cumulative.push((cumulative.at(-1) ?? 0) + r ** -s);
  const prng = seededPrng("zipf");
  return Array.from({ length: count }, () => {
    const u = prng() * cumulative.at(-1)!;
    let [low, high] = [0, catalogue - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! < u) low = middle + 1;
      else high = middle;
    }
    const name = (low + 26 ** 4).toString(26).replaceAll(/\d/g, (d) => "qrstuvwxyz"[Number(d)]!);
    return {
      offsetNs: 0,
      method: "GET",
      path: `/products/x-${name}-x`,
      headers: [],
      route: "GET /products/{slug}",
    };
  });
}

/** Superposed copies touch what the curve says, and what their own re-keyers say. */
function expectWorkingSet(records: readonly ProfileRecord[], tolerance: number): void {
  const { rekeyer, made } = superposed(records, 4);
  let fresh = 0;
  for (let copies = 1; copies <= 4; copies++) {
    fresh += rekeyer.freshKeys(copies - 1);
    const touched = distinctKeys(made.slice(0, copies).flat());
    expect(touched).toBe(fresh);
    const wanted = rekeyer.workingSetAt(copies * records.length);
    expect(Math.abs(touched - wanted)).toBeLessThanOrEqual(tolerance * wanted + 1);
  }
}

describe("the working set of superposed copies", () => {
  it("is what the curve says; with a long tail, also what the true popularity gives", () => {
    const [count, catalogue, s] = [20_000, 400_000, 1.2];
    const records = zipfRecords(count, catalogue, s);
    expectWorkingSet(records, 0.001);
    const weights = Array.from({ length: catalogue }, (_, i) => (i + 1) ** -s);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const { rekeyer } = superposed(records, 1);
    for (const [n, tolerance] of [
      [count / 4, 0.02],
      [count, 0.02],
      [count * 2, 0.04],
      [count * 4, 0.08],
    ] as const) {
      const truth = weights.reduce((sum, w) => sum + 1 - (1 - w / total) ** n, 0);
      expect(Math.abs(rekeyer.workingSetAt(n) / truth - 1)).toBeLessThan(tolerance);
    }
  });

  it("keeps the head hot: the most popular keys are shared by all copies", () => {
    const records = zipfRecords(5_000, 50_000, 1.1);
    const { made } = superposed(records, 3);
    const head = records.filter(({ path }) => records.filter((r) => r.path === path).length > 50);
    expect(head.length).toBeGreaterThan(100);
    for (const record of head) {
      const index = records.indexOf(record);
      expect(made.every((copy) => copy[index]!.path === record.path)).toBe(true);
    }
  });

  it("holds on a captured storefront and on a captured web log, whose routes stay the same", async () => {
    const storefront = await readProfile(STOREFRONT);
    const log = await readFile(fixture("apache-excerpt.log"));
    const { profile } = await captureTexts({ "access.log": log });
    for (const { records } of [storefront, profile]) {
      expectWorkingSet(records, 0.03);
      const { made } = superposed(records, 4);
      expect(new Set(routesOf(made.flat()))).toEqual(new Set(routesOf(records)));
      for (const copy of made)
        expect(routesOf([...records, ...copy])).toEqual([
          ...routesOf(records),
          ...routesOf(records),
        ]);
    }
  });
});
