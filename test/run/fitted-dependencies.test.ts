import { describe, expect, it } from "vitest";
import { dependencySchema, type HttpSpec } from "../../src/emulator/index.ts";
import type { ProfileDependency, ProfileManifest } from "../../src/profile/index.ts";
import { servedDependencies } from "../../src/run/dependencies.ts";

const fit = (value: string): ProfileDependency["fits"][number] => ({
  route: null,
  statusClass: null,
  count: 100,
  latency: { kind: "constant", value },
  quantiles: [
    [0, 1],
    [1, 2],
  ],
  ksDistance: 0,
});

const SEEN: ProfileDependency = {
  calls: 100,
  callsPerRequest: 1,
  errorRatio: 0.1,
  errors: { kind: "gilbert-elliott", badRatio: 0.1, meanBurst: "2s", status: 502 },
  fits: [fit("9ms")],
  limit: {
    refused: 20,
    refusedRatio: 0.2,
    precision: 1,
    recall: 1,
    because: null,
    limit: { kind: "token-bucket", rate: "20/s", burst: 10 },
  },
  capacity: {
    inFlightMax: 9,
    levels: [{ from: 1, to: 1, calls: 100, medianUs: 1 }],
    capacity: { servers: 4, discipline: "fifo" },
    rises: true,
    fits: [fit("1ms")],
  },
};

const FITTED = { kind: "fitted", from: "profile" };
const ALL = { latency: FITTED, errors: FITTED, limit: FITTED, capacity: FITTED };

/** What is served of a dependency that is written so, and what was warned of. */
async function served(written: object, seen: ProfileDependency) {
  const warnings: string[] = [];
  const { db } = await servedDependencies(
    { db: dependencySchema.parse(written) },
    {
      dir: ".",
      manifestOf: () =>
        ({ name: "shop", dependencies: { db: seen } }) as unknown as ProfileManifest,
      warn: (text) => warnings.push(text),
    },
  );
  return { spec: db as HttpSpec, warnings };
}

const parsed = (written: object): HttpSpec => dependencySchema.parse(written) as HttpSpec;

describe("a dependency that is fitted from the profile", () => {
  it("errors, limit and capacity are as if they were written out; latency is what a server takes", async () => {
    const { spec, warnings } = await served(ALL, SEEN);
    expect(warnings).toEqual([]);
    expect(spec).toEqual(
      parsed({
        latency: { kind: "constant", value: "1ms" },
        errors: SEEN.errors,
        limit: SEEN.limit!.limit,
        capacity: SEEN.capacity!.capacity,
      }),
    );
  });

  it("without a capacity, latency is the whole one, queues and all", async () => {
    const { spec } = await served({ latency: FITTED }, SEEN);
    expect(spec.latency).toEqual(parsed({ latency: { kind: "constant", value: "9ms" } }).latency);
  });

  it("fitted errors may stand in a list, with others", async () => {
    const own = { ratio: 0.5, status: 500 };
    const { spec } = await served({ latency: FITTED, errors: [FITTED, own] }, SEEN);
    const latency = { kind: "constant", value: "9ms" };
    expect(spec.errors).toEqual(parsed({ latency, errors: [SEEN.errors, own] }).errors);
  });

  it("what the capture did not show is not emulated, and that is said", async () => {
    const calm: ProfileDependency = {
      ...SEEN,
      errors: null,
      limit: null,
      capacity: { ...SEEN.capacity!, capacity: null, fits: [] },
    };
    const { spec, warnings } = await served(ALL, calm);
    expect(spec).toMatchObject({ latency: { kind: "constant" }, errors: [] });
    expect([spec.limit, spec.capacity]).toEqual([undefined, undefined]);
    expect(warnings.join("\n")).toMatch(/errors: .*no error[^]*limit: .*refused[^]*saturated/);
  });

  it("a limit that cannot be told is refused, and so is what an old profile does not know", async () => {
    const untold = { ...SEEN.limit!, limit: null, because: "too few" };
    await expect(served(ALL, { ...SEEN, limit: untold })).rejects.toMatchObject({
      code: "SCENARIO_INVALID",
      message: expect.stringContaining("too few"),
    });
    const { limit: _, ...old } = SEEN;
    await expect(served(ALL, old)).rejects.toThrow(/was made before its limit was looked for/);
  });
});
