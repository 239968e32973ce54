import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parseColumns } from "../../src/capture/index.ts";
import { STANDARD_INPUT } from "../../src/core/index.ts";
import { type ProfileManifest, type ProfileRecord, storeOf } from "../../src/profile/index.ts";
import { type Captured, readCaptured, type Reading } from "../../src/run/captured.ts";
import { Keeper } from "../../src/run/keeper.ts";
import { ROOT } from "../e2e/cli.ts";
import { scratch } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());

const COUNT = 4_000;
const METHODS = ["GET", "POST", "DELETE"];
const STATUSES = [200, 204, 302, 404, 503, undefined];

/** 4,000 requests of 500 users, some of nobody, over 40 s. */
const RECORDS: readonly ProfileRecord[] = Array.from({ length: COUNT }, (_, i) => ({
  offsetNs: i * 1e7,
  method: METHODS[i % 3]!,
  path: `/${i}`,
  headers: [],
  route: `${METHODS[i % 3]} /products/${i % 2 === 0 ? "{id}" : "{id}/reviews"}`,
  ...(STATUSES[i % 6] === undefined ? {} : { status: STATUSES[i % 6] }),
  ...(i % 10 === 9 ? {} : { session: `user ${(i * 7) % 500}` }),
}));
const manifest = { name: "shop" } as ProfileManifest;

type Keep = ConstructorParameters<typeof Keeper>[0]["scenario"];
function kept(scenario: Keep, seed = "1", records = RECORDS): readonly ProfileRecord[] {
  const keeper = new Keeper({ scenario, seed });
  const stored = storeOf({ manifest, records }, { keep: keeper.keep });
  return [...keeper.checked(stored).records.records()];
}
const pathsOf = (records: readonly ProfileRecord[]): string[] => records.map(({ path }) => path);

/** Whether a count of draws is within five standard deviations of what its share says. */
function isShareOf(count: number, { of, share }: { of: number; share: number }): boolean {
  return Math.abs(count - of * share) <= 5 * Math.sqrt(of * share * (1 - share)) + 1e-9;
}

describe("a filter", () => {
  it.each([
    [{ method: ["GET"] }, ({ method }: ProfileRecord) => method === "GET"],
    [{ method: ["GET", "POST"] }, ({ method }: ProfileRecord) => method !== "DELETE"],
    [{ route: ["GET /products/*"] }, ({ method }: ProfileRecord) => method === "GET"],
    [{ route: ["*/reviews"] }, ({ route }: ProfileRecord) => route.endsWith("/reviews")],
    [
      { route: ["POST /products/{id}"] },
      ({ route }: ProfileRecord) => route === "POST /products/{id}",
    ],
    [{ status: ["404"] }, ({ status }: ProfileRecord) => status === 404],
    [{ status: ["2xx"] }, ({ status }: ProfileRecord) => status === 200 || status === 204],
    [
      { method: ["POST"], status: ["3xx", "5xx"] },
      ({ method, status }: ProfileRecord) =>
        method === "POST" && (status === 302 || status === 503),
    ],
  ])("%j keeps those records, in order, and no other", (filter, belongs) => {
    const wanted = RECORDS.filter((record) => belongs(record));
    expect(wanted.length).toBeGreaterThan(100);
    expect(wanted.length).toBeLessThan(COUNT);
    expect(pathsOf(kept({ filter }))).toEqual(pathsOf(wanted));
  });

  it("a character that means something in patterns means itself", () => {
    expect(() => kept({ filter: { route: ["GET /products/.id."] } })).toThrow(/passes the filter/);
    expect(() => kept({ filter: { route: ["[A-Z]+ /products/(.*)"] } })).toThrow(/passes/);
  });

  it("lets arrivals begin anew at 0, with the gaps between them as they were", () => {
    const filter = { method: ["POST"] };
    const offsets = kept({ filter }).map(({ offsetNs }) => offsetNs);
    expect(offsets.slice(0, 4)).toEqual([0, 3e7, 6e7, 9e7]);
  });

  it("that keeps nothing says so, and where to look", () => {
    expect(() => kept({ filter: { method: ["BREW"] } })).toThrow(
      expect.objectContaining({
        code: "PROFILE_INVALID",
        hint: expect.stringContaining("shakedown profile") as string,
      }),
    );
  });

  it("that is not there keeps the profile itself", () => {
    expect(kept({})).toEqual(RECORDS);
  });
});

describe("a sample", () => {
  const shares = fc.integer({ min: 1, max: 99 }).map((percent) => percent / 100);
  const seeds = fc.integer({ min: 0, max: 1_000_000 }).map(String);

  it("by request keeps that share, within what chance allows, in order", () => {
    fc.assert(
      fc.property(shares, seeds, (share, seed) => {
        const records = kept({ sample: { share, by: "request" } }, seed);
        expect(isShareOf(records.length, { of: COUNT, share })).toBe(true);
        const places = pathsOf(records).map((path) => Number(path.slice(1)));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });

  it("by session keeps that share of the sessions, each whole, and of what is nobody's", () => {
    const sizes = Map.groupBy(RECORDS, ({ session }) => session);
    const sessions = sizes.size - 1;
    fc.assert(
      fc.property(shares, seeds, (share, seed) => {
        const records = kept({ sample: { share, by: "session" } }, seed);
        const groups = Map.groupBy(records, ({ session }) => session);
        const nobodys = groups.get(undefined)?.length ?? 0;
        groups.delete(undefined);
        for (const [session, own] of groups) expect(own.length).toBe(sizes.get(session)!.length);
        expect(isShareOf(groups.size, { of: sessions, share })).toBe(true);
        expect(isShareOf(nobodys, { of: sizes.get(undefined)!.length, share })).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it.each(["request", "session"] as const)("by %s is the same for the same seed", (by) => {
    const sample = { share: 0.3, by };
    expect(kept({ sample })).toEqual(kept({ sample }));
    expect(kept({ sample })).not.toEqual(kept({ sample }, "2"));
    // A larger share keeps what a smaller one kept.
    const more = new Set(pathsOf(kept({ sample: { share: 0.6, by } })));
    expect(pathsOf(kept({ sample })).filter((path) => !more.has(path))).toEqual([]);
  });

  it("is drawn from what passes the filter", () => {
    const filter = { method: ["GET"] };
    const records = kept({ filter, sample: { share: 0.5, by: "request" } });
    expect(new Set(records.map(({ method }) => method))).toEqual(new Set(["GET"]));
    const of = RECORDS.filter(({ method }) => method === "GET").length;
    expect(isShareOf(records.length, { of, share: 0.5 })).toBe(true);
  });

  it("by connection takes connections for sessions where there are no sessions", () => {
    const byConnection = RECORDS.map(({ session: _session, ...record }, i): ProfileRecord => ({
      ...record,
      connection: `c${i % 40}`,
    }));
    const sample = { share: 0.5, by: "session" as const };
    const groups = Map.groupBy(kept({ sample }, "1", byConnection), ({ connection }) => connection);
    for (const own of groups.values()) expect(own).toHaveLength(COUNT / 40);
    expect(groups.size).toBeGreaterThan(0);
  });

  it("by session of a capture that knows none is refused", () => {
    const bare = RECORDS.map(({ session: _session, ...record }) => record);
    expect(() => kept({ sample: { share: 0.5, by: "session" } }, "1", bare)).toThrow(
      /knows no sessions to sample by/,
    );
  });
});

describe("what is replayed", () => {
  const { signal } = new AbortController();
  const fixture = (name: string): string => join(ROOT, "test/capture/fixtures", name);
  const captured = (path: string, redact: boolean, reading?: Reading): Promise<Captured> =>
    readCaptured(path, { scenario: { redact }, seed: "1", signal, reading });
  const recordsOf = ({ profile }: Captured): ProfileRecord[] => [...profile.records.records()];

  it("may be a profile, or a capture as it is: the same capture gives the same records again", async () => {
    const { profile, replacedCount } = await captured(
      join(ROOT, "profiles/storefront.ndjson.gz"),
      true,
    );
    expect(profile.records.length).toBeGreaterThan(100);
    // Whatever was replaced in it was replaced when it was made.
    expect(replacedCount).toBe(0);
    const path = fixture("storefront-excerpt.gor");
    const [once, again] = [await captured(path, true), await captured(path, true)];
    expect(once.profile.records.length).toBeGreaterThan(10);
    expect(recordsOf(again)).toEqual(recordsOf(once));
    expect(again.profile.sha256).toBe(once.profile.sha256);
  });

  it("has its secrets replaced, unless they are asked for", async () => {
    const path = fixture("storefront-excerpt.gor");
    const [redacted, plain] = [await captured(path, true), await captured(path, false)];
    expect(redacted.replacedCount).toBeGreaterThan(0);
    expect(plain.replacedCount).toBe(0);
    expect(plain.profile.records.length).toBe(redacted.profile.records.length);
    expect(recordsOf(plain)).not.toEqual(recordsOf(redacted));
  });

  it("of a format that is not known is refused as a profile would be", async () => {
    await expect(captured(fixture("LICENSE.haralyzer.txt"), true)).rejects.toThrow(
      expect.objectContaining({ code: "PROFILE_INVALID", exitCode: 65 }),
    );
    await expect(captured(fixture("none.gor"), true)).rejects.toThrow(
      expect.objectContaining({ code: "FILE_NOT_FOUND", exitCode: 64 }),
    );
  });

  it.each([
    ["a profile", join(ROOT, "profiles/storefront.ndjson.gz")],
    ["a capture", fixture("storefront-excerpt.gor")],
  ])("may come from standard input, in pieces of any size: %s", async (_, path) => {
    const fromInput = async (highWaterMark: number): Promise<readonly ProfileRecord[]> => {
      const stdin = createReadStream(path, { highWaterMark });
      return recordsOf(await captured(STANDARD_INPUT, true, { stdin }));
    };
    const small = await fromInput(7);
    expect(small).toEqual(await fromInput(1 << 20));
    // Shorter than what the key is made of, so that its pseudonyms are the file's own.
    expect(small).toEqual(recordsOf(await captured(path, true)));
  });

  it("is understood as it is told, and a profile needs no telling", async () => {
    const path = join(folder.path, "rows.csv");
    writeFileSync(path, "1700000000.5,/a\n1700000001.5,/b\n");
    const columns = parseColumns("time=#1,method:=GET,path=#2");
    expect(pathsOf(recordsOf(await captured(path, true, { columns })))).toEqual(["/a", "/b"]);
    await expect(captured(path, true, { logFormat: "combined" })).rejects.toThrow(
      /is not in the given log format/,
    );
    const refused = { code: "USAGE", message: expect.stringMatching(/--service.* is a profile/) };
    const storefront = join(ROOT, "profiles/storefront.ndjson.gz");
    for (const from of [storefront, STANDARD_INPUT]) {
      const reading = { service: "shop", stdin: createReadStream(storefront) };
      await expect(captured(from, true, reading)).rejects.toMatchObject(refused);
    }
  });
});
