import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEPENDENCY_FITTERS } from "../../src/capture/index.ts";
import {
  type DependencyCall,
  dependencyLatency,
  describeDependencies,
  type ProfileManifest,
  profileManifestSchema,
  type ProfileRecord,
  readProfile,
  statusClassOf,
  writeProfile,
} from "../../src/profile/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shakedown-dependencies-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const manifestOf = (records: readonly ProfileRecord[]): ProfileManifest => ({
  shakedownProfile: 1,
  name: "shop",
  source: [],
  provenance: { madeBy: "a test" },
  timePrecisionNs: 1,
  durationNs: 0,
  counts: { records: records.length, routes: 1, sessions: 0, bodies: 0 },
  ledger: { records: records.length, kept: records.length, filtered: 0, rejected: [] },
  redaction: { enabled: true, values: [] },
  dependencies: describeDependencies(records, DEPENDENCY_FITTERS),
  warnings: [],
});

const recordOf = (index: number, dependencyCalls?: DependencyCall[]): ProfileRecord => ({
  offsetNs: index * 1e6,
  method: "GET",
  path: `/${index}`,
  headers: [],
  route: "GET /{id}",
  ...(dependencyCalls && { dependencyCalls }),
});

/** 60 requests; each charges in 2 ms or, every third time, is refused in 50 µs; half look in a cache. */
const records = Array.from({ length: 60 }, (_, i): ProfileRecord => {
  const refused = i % 3 === 0;
  const charge: DependencyCall = {
    dependency: "payments",
    route: "POST /charges",
    offsetUs: 10,
    latencyUs: refused ? 50 : 2000,
    status: refused ? 503 : 201,
  };
  const cache: DependencyCall = { dependency: "cache", offsetUs: 0, latencyUs: 100 + i };
  return recordOf(i, i % 2 === 0 ? [cache, charge] : [charge]);
});

describe("dependencies of a profile", () => {
  it("calls, calls per request, failures and fits are told for each by name", () => {
    const { cache, payments } = manifestOf(records).dependencies!;
    expect(payments).toMatchObject({
      calls: 60,
      callsPerRequest: 1,
      errorRatio: 1 / 3,
      errors: { kind: expect.any(String), status: 503 },
    });
    expect(cache).toMatchObject({ calls: 30, callsPerRequest: 0.5, errorRatio: 0, errors: null });
    // 20 refusals are too few to be told apart; they are in the fit of all calls.
    expect(
      payments!.fits.map(({ count, route, statusClass }) => [route, statusClass, count]),
    ).toEqual([
      [null, null, 60],
      ["POST /charges", null, 60],
      [null, "2xx", 40],
      ["POST /charges", "2xx", 40],
    ]);
    expect(payments!.fits.at(-1)!.latency).toEqual({ kind: "constant", value: "2000us" });
  });

  it("a call failed when the capture says so, else when its status is 500 or more", () => {
    const call = (rest: Partial<DependencyCall>): DependencyCall => ({
      dependency: "a",
      offsetUs: 0,
      latencyUs: 1,
      ...rest,
    });
    const ratioOf = (rest: Partial<DependencyCall>): number =>
      manifestOf([recordOf(0, [call(rest)])]).dependencies!["a"]!.errorRatio;
    expect(ratioOf({ status: 500 })).toBe(1);
    expect(ratioOf({ status: 404 })).toBe(0);
    expect(ratioOf({})).toBe(0);
    expect(ratioOf({ failed: true })).toBe(1);
    expect(ratioOf({ status: 503, failed: false })).toBe(0);
    expect([statusClassOf(204), statusClassOf(undefined)]).toEqual(["2xx", null]);
  });

  it("the latency of a route and a status class is the nearest that there is", () => {
    const manifest = manifestOf(records);
    const [all, route, , both] = manifest.dependencies!["payments"]!.fits;
    const lookup = dependencyLatency(manifest, "payments");
    expect(lookup("POST /charges", "2xx")).toBe(both!.latency);
    expect(lookup("POST /charges", "5xx")).toBe(route!.latency);
    expect(lookup("GET /elsewhere", "5xx")).toBe(all!.latency);
    expect(lookup("GET /elsewhere", "2xx")).toEqual(both!.latency);
    expect(lookup(null, null)).toBe(all!.latency);
  });

  it("a route is the same however its parameters are written", () => {
    const manifest = manifestOf(records);
    const payments = manifest.dependencies!["payments"]!;
    const fits = payments.fits.map((fit) =>
      fit.route === null ? fit : { ...fit, route: "POST /charges/{id}" },
    );
    const dependencies = { ...manifest.dependencies, payments: { ...payments, fits } };
    const lookup = dependencyLatency({ ...manifest, dependencies }, "payments");
    const own = fits.find(({ route, statusClass }) => route !== null && statusClass === null)!;
    for (const route of ["POST /charges/{id}", "POST /charges/:id", "POST /charges/{charge}"]) {
      expect(lookup(route, "5xx")).toBe(own.latency);
    }
  });

  it("a name that the profile does not know is refused with the names that it knows", () => {
    const refusal = (manifest: ProfileManifest, name: string): unknown => {
      try {
        return dependencyLatency(manifest, name);
      } catch (thrown) {
        return thrown;
      }
    };
    expect(refusal(manifestOf(records), "mail")).toMatchObject({
      code: "SCENARIO_INVALID",
      message: expect.stringContaining("only of cache, payments"),
    });
    expect(refusal(manifestOf([recordOf(0)]), "toString")).toMatchObject({
      message: expect.stringContaining("knows of no dependency's calls"),
    });
  });

  it("calls and fits outlive the file, and a profile without them stays as it was", async () => {
    const full = { manifest: manifestOf(records), records };
    await writeProfile(join(folder, "full"), full);
    expect(await readProfile(join(folder, "full"))).toEqual(full);
    const bare = { manifest: manifestOf([recordOf(0)]), records: [recordOf(0)] };
    await writeProfile(join(folder, "bare"), bare);
    const read = await readProfile(join(folder, "bare"));
    expect("dependencies" in read.manifest).toBe(false);
    expect(read.records).toEqual(bare.records);
  });

  it("quantiles that fall or do not reach from 0 to 1 are refused", () => {
    const manifest = manifestOf(records);
    const [fit] = manifest.dependencies!["cache"]!.fits;
    for (const quantiles of [
      [
        [0, 5],
        [1, 4],
      ],
      [
        [0.1, 1],
        [1, 4],
      ],
      [
        [0, 1],
        [0.9, 4],
      ],
    ]) {
      const broken = structuredClone(manifest);
      broken.dependencies!["cache"]!.fits = [{ ...fit!, quantiles } as typeof fit & {}];
      expect(profileManifestSchema.safeParse(broken).success).toBe(false);
    }
  });
});
