import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  type ProfileManifest,
  type ProfileRecord,
  profileRecordSchema,
  readManifest,
  RecordStore,
  sessionOf,
  storeOf,
  type StoreOptions,
  storeProfile,
  streamProfile,
} from "../../src/profile/index.ts";
import { ColumnWriter, positionOf } from "../../src/profile/store/columns.ts";
import { checkRecord, isPlainRecord } from "../../src/profile/check-record.ts";

const STOREFRONT = new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "shakedown-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PLAIN: ProfileRecord = { offsetNs: 0, method: "GET", path: "/", headers: [], route: "GET /" };
const manifest = { name: "any" } as ProfileManifest;

/** Of every length in UTF-8, and with what JSON escapes. */
const texts = fc.string({
  unit: fc.constantFrom("a", "0", "é", "€", "😀", '"', "\\", "\n", "\u2028"),
  maxLength: 40,
});
const headers = fc.array(
  fc.tuple(
    fc.constantFrom("accept", "cookie", "x-a"),
    fc.constantFrom("a", "é", "b=c", "\u00ff".repeat(50)),
  ),
  { maxLength: 3 },
);
const body = fc.record({
  encoding: fc.constantFrom("utf8" as const, "base64" as const),
  data: texts,
});
const somebody = fc.constantFrom("ann", "bob", "é");
const record = fc.record(
  {
    offsetNs: fc.nat(),
    method: fc.constantFrom("GET", "POST"),
    path: fc.constantFrom("/", "/a?b=c", `/${"x".repeat(300)}`),
    headers,
    body,
    route: fc.oneof(fc.constantFrom("GET /", "GET /a"), texts),
    status: fc.integer(),
    serviceTimeUs: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
    responseBytes: fc.nat(),
    session: somebody,
    connection: somebody,
  },
  { requiredKeys: ["offsetNs", "method", "path", "headers", "route"] },
);
const profiles = fc
  .array(record, { minLength: 1, maxLength: 30 })
  .map((list) => list.toSorted((a, b) => a.offsetNs - b.offsetNs) as ProfileRecord[]);

const fromFirst = (records: readonly ProfileRecord[]): ProfileRecord[] =>
  records.map((one) => ({ ...one, offsetNs: one.offsetNs - records[0]!.offsetNs }));

/** On the disk, and read in blocks that are smaller than most records. */
const onDisk = fc.record({
  memoryBytesMax: fc.constant(-1),
  blockSize: fc.record({
    blockBytes: fc.integer({ min: 1, max: 300 }),
    blocks: fc.integer({ min: 1, max: 4 }),
  }),
});
const places: fc.Arbitrary<StoreOptions> = fc.oneof(onDisk, fc.constant({}));

describe("a record store", () => {
  it("gives the records that were written, in whatever order they are asked for", () => {
    fc.assert(
      fc.property(profiles, places, fc.array(fc.nat()), (records, options, asked) => {
        using stored = storeOf({ manifest, records }, options);
        const { records: store } = stored;
        const wanted = fromFirst(records);
        expect([...store.records()]).toEqual(wanted);
        for (const index of asked.map((any) => any % records.length)) {
          expect(store.record(index)).toEqual(wanted[index]);
          expect(store.routes[store.routeOf(index)]).toBe(wanted[index]!.route);
        }
        expect(store.length).toBe(records.length);
        expect([...store.offsetsNs]).toEqual(wanted.map(({ offsetNs }) => offsetNs));
        expect(store.routes).toEqual([...new Set(wanted.map(({ route }) => route))]);
      }),
    );
  });

  it("tells sessions apart, and who has none", () => {
    fc.assert(
      fc.property(profiles, (records) => {
        const { records: store } = storeOf({ manifest, records });
        const names = records.map((one) => sessionOf(one));
        const numbers = records.map((_, index) => store.sessionOf(index));
        for (const [i, name] of names.entries()) {
          expect(numbers[i] === 0).toBe(name === null);
          for (const [j, other] of names.entries()) {
            expect(numbers[i] === numbers[j]).toBe(name === other);
          }
        }
        expect(store.hasSessions).toBe(names.some((name) => name !== null));
      }),
    );
  });

  it("goes to other threads as plain data, whose memory is shared", () => {
    fc.assert(
      fc.property(profiles, places, (records, options) => {
        using stored = storeOf({ manifest, records }, options);
        const sent = structuredClone(stored.records.data);
        expect([...new RecordStore(sent).records()]).toEqual(fromFirst(records));
        expect(sent.columns.offsetsNs.buffer).toBeInstanceOf(SharedArrayBuffer);
        stored.records.offsetsNs[0] = 7;
        expect(sent.columns.offsetsNs[0]).toBe(7);
      }),
    );
  });

  it("keeps what it is told to, by rising offset from 0, and has another hash then", async () => {
    const whole = await storeProfile(STOREFRONT);
    const keep = ({ method }: ProfileRecord): boolean => method === "POST";
    const posts = await storeProfile(STOREFRONT, { keep });
    const wanted = [...whole.records.records()].filter((one) => keep(one));
    expect(wanted.length).toBeGreaterThan(1);
    expect([...posts.records.records()]).toEqual(fromFirst(wanted));
    expect(posts.sha256).not.toBe(whole.sha256);
    expect((await storeProfile(STOREFRONT, { memoryBytesMax: -1 })).sha256).toBe(whole.sha256);
  });

  it("leaves nothing on the disk, and says where a disk does not take it", async () => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = folder;
    try {
      using stored = await storeProfile(STOREFRONT, { memoryBytesMax: -1 });
      expect(stored.records.data.text.kind).toBe("file");
      expect(readdirSync(folder)).toEqual([]);
      process.env["TMPDIR"] = join(folder, "nowhere");
      await expect(storeProfile(STOREFRONT, { memoryBytesMax: -1 })).rejects.toMatchObject({
        code: "OUTPUT_UNWRITABLE",
        message: expect.stringContaining("nowhere") as string,
        hint: expect.stringContaining("TMPDIR") as string,
      });
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });

  it("says so when what is under it can no longer be read", () => {
    const stored = storeOf({ manifest, records: [PLAIN] }, { memoryBytesMax: -1 });
    stored[Symbol.dispose]();
    expect(() => stored.records.record(0)).toThrow(
      expect.objectContaining({ code: "FILE_UNREADABLE" }),
    );
  });

  it("knows where each record is, however far past what 32 bits can say", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 33), { minLength: 1, maxLength: 50 }), (sizes) => {
        const writer = new ColumnWriter(0);
        let end = 0;
        const positions = sizes.map((size) => (end += size));
        for (const position of positions) writer.add(PLAIN, position);
        const columns = writer.finish();
        expect(positions.map((_, index) => positionOf(columns, index))).toEqual(positions);
      }),
    );
  });

  it("stops being read when it is told to, with the reason", async () => {
    const stopping = new AbortController();
    const reason = new Error("enough");
    const add = (): void => stopping.abort(reason);
    await expect(streamProfile(STOREFRONT, { add }, stopping)).rejects.toBe(reason);
  });

  it("has a manifest that can be had alone", async () => {
    expect(await readManifest(STOREFRONT)).toEqual((await storeProfile(STOREFRONT)).manifest);
    await expect(readManifest(import.meta.filename)).rejects.toMatchObject({
      code: "PROFILE_INVALID",
    });
  });
});

describe("the quick check of a record", () => {
  /** What fields may hold that they should not, or only some of them. */
  const ODD: readonly unknown[] = [
    null,
    true,
    -1,
    -0,
    0.5,
    1e300,
    2 ** 53,
    "",
    "a",
    "/ü",
    "GET",
    [],
    {},
    [{}],
    { data: "" },
    [["a"]],
    [["a", "b", "c"]],
    [["A", "b"]],
    [["a", "b\n"]],
    [["a", "\u0100"]],
    [["a b", ""]],
    [["", ""]],
    { encoding: "utf8" },
    { encoding: "utf8", data: "", more: 1 },
    { encoding: "x", data: "" },
    { encoding: "base64", data: 1 },
    [{ dependency: "a", offsetUs: 0, latencyUs: 1 }],
  ];
  const odd = fc.constantFrom(...ODD);
  const FIELDS = [...Object.keys(profileRecordSchema.shape), "more", "__proto__", "toString"];
  const names = fc.constantFrom(...FIELDS);
  const changes = fc.array(fc.tuple(names, fc.option(odd, { nil: undefined })), { maxLength: 2 });
  const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  /** A record with other fields, or without some; as JSON has it. */
  const changed = fc.tuple(record, changes).map(([one, fields]) => {
    const kept = new Map(Object.entries(one));
    for (const [name, value] of fields) {
      if (value === undefined) kept.delete(name);
      else kept.set(name, value as never);
    }
    // As text, where `__proto__` is a name like any other.
    const members = Array.from(kept, (member) =>
      member.map((part) => JSON.stringify(part)).join(":"),
    );
    return JSON.parse(`{${members.join(",")}}`) as unknown;
  });

  it("takes nothing that the schema refuses, and changes nothing", () => {
    fc.assert(
      fc.property(fc.oneof(changed, odd.map(json), fc.jsonValue()), (value) => {
        const parsed = profileRecordSchema.safeParse(value);
        const checked = checkRecord(value);
        expect(isPlainRecord(value) && !parsed.success).toBe(false);
        expect("record" in checked ? checked.record : checked.error.issues).toEqual(
          parsed.success ? parsed.data : parsed.error.issues,
        );
      }),
      { numRuns: 5_000 },
    );
  });

  it("takes all that are usual, so that few are left to the schema", () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(isPlainRecord(json(one))).toBe(true);
      }),
    );
  });
});
