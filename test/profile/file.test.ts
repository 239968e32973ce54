import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ShakedownError } from "../../src/core/index.ts";
import {
  type Profile,
  type ProfileManifest,
  type ProfileRecord,
  readProfile,
  writeProfile,
} from "../../src/profile/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shakedown-profile-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});
const at = (name: string): string => join(folder, name);

const manifestOf = (records: number): ProfileManifest => ({
  shakedownProfile: 1,
  name: "test",
  source: [{ file: "a.gor", format: "gor", bytes: 1, sha256: "ab" }],
  provenance: { madeBy: "a test" },
  timePrecisionNs: 1,
  durationNs: 0,
  counts: { records, routes: 1, sessions: 0, bodies: 0 },
  ledger: { records, kept: records, filtered: 0, rejected: [] },
  redaction: { enabled: true, values: [] },
  warnings: [],
});

const record = fc.record(
  {
    offsetNs: fc.nat(),
    method: fc.constantFrom("GET", "POST"),
    path: fc.webPath().map((path) => `/${path}`),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom("accept", "x-a"),
        fc.string({ unit: "binary-ascii" }).map((v) => v.replace(/[\0\r\n]/g, "")),
      ),
      { maxLength: 3 },
    ),
    body: fc.record({
      encoding: fc.constant("utf8" as const),
      data: fc.string({ unit: "binary" }),
    }),
    route: fc.string({ unit: "binary" }),
    status: fc.integer({ min: 100, max: 599 }),
    session: fc.string(),
  },
  { requiredKeys: ["offsetNs", "method", "path", "headers", "route"] },
);
const profile = fc.array(record, { maxLength: 20 }).map((unsorted): Profile => {
  const records = unsorted.toSorted((a, b) => a.offsetNs - b.offsetNs) as ProfileRecord[];
  return { manifest: manifestOf(records.length), records };
});

const simple = (count: number): Profile => ({
  manifest: manifestOf(count),
  records: Array.from({ length: count }, (_, i) => ({
    offsetNs: i,
    method: "GET",
    path: `/${i}`,
    headers: [],
    route: "GET /{id}",
  })),
});
const linesOf = ({ manifest, records }: Profile): string[] =>
  [manifest, ...records].map((line) => JSON.stringify(line));
/** Where the two gzip members begin: the manifest's and the records'. */
const membersOf = (bytes: Buffer): [number, number] => [0, bytes.indexOf("1f8b08", 10, "hex")];
const written = async (lines: readonly string[]): Promise<string> => {
  await writeFile(at("made.gz"), gzipSync(`${lines.join("\n")}\n`));
  return at("made.gz");
};

describe.each(["gz", "zst"] as const)("a profile packed as .%s", (ending) => {
  it("reads back what it wrote", async () => {
    await fc.assert(
      fc.asyncProperty(profile, async (given) => {
        await writeProfile(at(`p.${ending}`), given);
        expect(await readProfile(at(`p.${ending}`))).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });

  it("cut at any byte, it is truncated or invalid, never a success; and says how far it goes", async () => {
    await writeProfile(at(`whole.${ending}`), simple(40));
    const bytes = await readFile(at(`whole.${ending}`));
    const readable: number[] = [];
    for (let length = 0; length < bytes.length; length += 3) {
      await writeFile(at("cut"), bytes.subarray(0, length));
      const error: unknown = await readProfile(at("cut")).then(
        () => "a success",
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({
        code: expect.stringMatching(/^PROFILE_(?:TRUNCATED|INVALID)$/) as string,
      });
      const told = /: (\d+) of 40 records could be read$/.exec((error as Error).message);
      if (told !== null) readable.push(Number(told[1]));
    }
    expect(readable).toEqual(readable.toSorted((a, b) => a - b));
    // Only the checksum is missing at the end: all records were there.
    expect(readable.at(-1)).toBe(40);
  });

  it("a flipped byte is found, unless it changes nothing of what is read", async () => {
    const whole = simple(40);
    await writeProfile(at(`whole.${ending}`), whole);
    const bytes = await readFile(at(`whole.${ending}`));
    let found = 0;
    for (let i = 0; i < bytes.length; i += 2) {
      const damaged = Buffer.from(bytes);
      damaged[i]! ^= 0x10;
      await writeFile(at("damaged"), damaged);
      const read = await readProfile(at("damaged")).catch((thrown: unknown) => thrown);
      const isFound = read instanceof ShakedownError;
      found += Number(isFound);
      expect(isFound ? whole : read).toEqual(whole);
    }
    // Headers have hints that nobody checks, and other matches may give the same text.
    expect(found).toBeGreaterThan((bytes.length / 2) * 0.9);
  });
});

describe("profile file", () => {
  it("equal profiles have equal bytes, whatever the order of keys", async () => {
    const given = simple(3);
    await writeProfile(at("a.gz"), given);
    const turned = (value: object): object =>
      Object.fromEntries(Object.entries(value).toReversed());
    await writeProfile(at("b.gz"), {
      manifest: turned(given.manifest) as ProfileManifest,
      records: given.records.map((one) => turned(one) as ProfileRecord),
    });
    const [a, b] = [await readFile(at("a.gz")), await readFile(at("b.gz"))];
    expect(a.equals(b)).toBe(true);
    // gzip's header: no time, no operating system.
    for (const from of membersOf(a)) {
      expect([...a.subarray(from + 4, from + 10)]).toEqual([0, 0, 0, 0, 0, 255]);
    }
  });

  it("a whole gzip with too few records is truncated, with too many invalid", async () => {
    const lines = linesOf(simple(5));
    await expect(readProfile(await written(lines.slice(0, -2)))).rejects.toMatchObject({
      code: "PROFILE_TRUNCATED",
      message: expect.stringContaining("3 of 5 records could be read") as string,
    });
    await expect(readProfile(await written([...lines, lines.at(-1)!]))).rejects.toMatchObject({
      code: "PROFILE_INVALID",
    });
  });

  it("a line that breaks the schema is named by its number", async () => {
    const lines = linesOf(simple(5));
    const broken: [string, string][] = [
      ["{", "line 4 is not JSON"],
      [lines[3]!.replace('"/2"', '"2"'), "line 4: path"],
      [lines[3]!.replace('"headers":[]', '"headers":[["a","b\\r\\nc"]]'), "line 4: headers.0.1"],
      [lines[3]!.replace('"offsetNs":2', '"offsetNs":0'), "line 4: offsetNs goes backwards"],
      [lines[3]!.replace("{", '{"more":1,'), "line 4: line: Unrecognized key"],
    ];
    for (const [line, message] of broken) {
      await expect(readProfile(await written(lines.with(3, line)))).rejects.toMatchObject({
        code: "PROFILE_INVALID",
        message: expect.stringContaining(message) as string,
      });
    }
  });

  it("what is no profile is refused with what to do instead", async () => {
    await writeFile(at("plain.gor"), "1 a 1\nGET / HTTP/1.1\r\n\r\n");
    await writeFile(at("empty.gz"), gzipSync(""));
    await writeFile(at("other.gz"), gzipSync('{"a":1}\n'));
    await writeFile(at("other.zst"), zstdCompressSync('{"a":1}\n'));
    for (const name of ["plain.gor", "empty.gz", "other.gz", "other.zst"]) {
      await expect(readProfile(at(name))).rejects.toMatchObject({
        code: "PROFILE_INVALID",
        hint: expect.stringContaining("shakedown capture") as string,
      });
    }
    await expect(readProfile(at("absent.gz"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    const [first = "", ...rest] = linesOf(simple(1));
    const newer = first.replace('"shakedownProfile":1', '"shakedownProfile":2,"new":true');
    await expect(readProfile(await written([newer, ...rest]))).rejects.toMatchObject({
      code: "PROFILE_VERSION",
    });
  });

  it("a failed write leaves the old file and nothing else", async () => {
    await writeProfile(at("kept.gz"), simple(2));
    const names = await readdir(folder);
    const broken = { ...simple(2), records: [{ ...simple(1).records[0]!, path: "no slash" }] };
    await expect(writeProfile(at("kept.gz"), broken)).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
    });
    expect((await readProfile(at("kept.gz"))).records).toHaveLength(2);
    expect(await readdir(folder)).toEqual(names);
    await expect(writeProfile(join(folder, "no", "p.gz"), simple(1))).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
    });
  });

  it("the storefront that is shipped is whole, and holds no secret that its key can tell", async () => {
    const path = new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname;
    const { manifest, records } = await readProfile(path);
    expect(records).toHaveLength(101);
    expect(manifest.ledger).toEqual({ records: 101, kept: 101, filtered: 0, rejected: [] });
    expect(manifest.provenance.licence).toBe("Apache-2.0");
    expect(manifest.redaction.values).toEqual([
      { rule: "cookie", count: 606 },
      { rule: "header", count: 2 },
    ]);
    // `p=t`, escaped, is the value of a cookie in all of the capture's requests.
    expect(JSON.stringify(records)).not.toContain("__profilin=p%3Dt");
  });
});
