import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  cutIntoParts,
  guardSegments,
  type Plan,
  segmentSchema,
  type SegmentSpec,
} from "../../src/experiment/index.ts";
import { readProfile, storeOf, type StoredProfile } from "../../src/profile/index.ts";
import { allStarts, responseRules } from "../../src/replay/index.ts";
import { loadScenario, RunDirectory, type Scenario } from "../../src/run/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import { setUpGenerator } from "../../src/run/generator-setup.ts";
import { makePlan } from "../../src/run/make-plan.ts";
import {
  readStartSegments,
  recordSegments,
  startSegments,
  writeStartSegments,
} from "../../src/run/start-segments.ts";
import { PLAN } from "../experiment/plan-fixture.ts";
import { expectSound, scratch, traffic, writeRun } from "./run-fixture.ts";
import { changed, said } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

const ROOT = new URL("../../", import.meta.url).pathname;
const loaded = loadScenario(join(ROOT, "scenarios/payment-pool.yaml"));
const read = await readProfile(loaded.profilePath);

const RECORDS = 60;
const AGENTS = ["Mozilla/5.0 Mobile", "curl/8"];
/** Sixty requests of seven sessions and of nobody, from two kinds of client. */
const profile: StoredProfile = storeOf({
  ...read,
  records: Array.from({ length: RECORDS }, (_, i) => ({
    offsetNs: i * 5e8,
    method: "GET",
    path: "/",
    headers: [["user-agent", AGENTS[i % 2]!] as [string, string]],
    route: "GET /",
    ...(i % 8 === 7 ? {} : { session: `s-${i % 8}` }),
  })),
});

const segment = (spec: Readonly<Record<string, unknown>>): SegmentSpec =>
  segmentSchema.parse({ name: Object.values(spec)[0], ...spec });
const SEGMENTS = [
  segment({ name: "mobile", header: "User-Agent", matches: "*Mobile*", protected: true }),
  segment({ name: "fresh", session: "new" }),
  segment({ name: "back", session: "returning" }),
  segment({ name: "some", session: "s-[3*" }),
  segment({ name: "third", session: "s-3" }),
];
const KNOWN = SEGMENTS.filter(({ name }) => name !== "some");

function planned(change: Partial<Scenario> = {}): {
  plan: Plan;
  job: Parameters<typeof startSegments>[0];
} {
  const scenario = { ...loaded.scenario, segments: KNOWN, ...change };
  const own = { ...loaded, scenario };
  const plan = makePlan(own, profile, "1", {});
  const directory = new RunDirectory(folder.path);
  return { plan, job: setUpGenerator(own, profile, plan).jobFor([], directory, "id") };
}

describe("segments by header and session", () => {
  it.each([
    ["in order, again and again", {}],
    [
      "as recorded, at three times the rate",
      { arrivals: { kind: "recorded" }, rate: { multiple: 3 } },
    ],
    [
      "with answers compared and starts repeated",
      { responses: responseRules.parse({ repeat: 0.2 }) },
    ],
  ] as const)("of starts %s are what their records are", (_, change) => {
    const { job, plan } = planned(change);
    const { masks, segments } = startSegments(job, recordSegments(plan, profile)!);
    expect(segments.map(({ name }) => name)).toEqual(["mobile", "fresh", "back", "third"]);
    const seen = new Set<string>();
    const passes = new Map<number, { readonly pass: number; readonly record: number }>();
    let starts = 0;
    for (const { copy, record, seq } of allStarts(job)) {
      const before = passes.get(copy) ?? { pass: 0, record: 0 };
      const pass = record < before.record ? before.pass + 1 : before.pass;
      passes.set(copy, { pass, record });
      const { headers, session } = profile.records.record(record);
      const key = `${session} ${copy} ${pass}`;
      const age = seen.has(key) ? 4 : 2;
      seen.add(key);
      const mobile = headers[0]![1] === AGENTS[0] ? 1 : 0;
      const third = session === "s-3" ? 8 : 0;
      expect(masks[seq]).toBe(mobile | (session === undefined ? 0 : age) | third);
      starts++;
    }
    expect(starts).toBeGreaterThan(RECORDS);
  });

  it("are kept beside a run and read again, and a file that was cut is noticed", () => {
    const { job, plan } = planned();
    const starts = startSegments(job, recordSegments(plan, profile)!);
    const directory = new RunDirectory(join(folder.path, "kept"));
    mkdirSync(directory.path);
    expect(readStartSegments(directory)).toBeNull();
    writeStartSegments(directory, starts);
    const again = readStartSegments(directory)!;
    expect(again.masks).toEqual(Uint16Array.from(starts.masks));
    expect(again.segments).toEqual(starts.segments);
    const file = directory.file("segments.ndjson");
    writeFileSync(file, readFileSync(file, "utf8").split("\n")[0]!);
    expect(() => readStartSegments(directory)).toThrow(/it has 0 of/);
  });

  it("are refused where the profile has no such request, or no sessions", () => {
    const with_ = (spec: SegmentSpec) => ({ ...PLAN, segments: [spec] });
    expect(() => recordSegments(with_(SEGMENTS[3]!), profile)).toThrow(
      /some: the profile has no request of session s-\[3\*/,
    );
    const none = segment({ name: "x", header: "x-tenant", matches: "gold" });
    expect(() => recordSegments(with_(none), profile)).toThrow(/header x-tenant that matches gold/);
    const records = [{ ...profile.records.record(0), session: undefined }];
    const unknown = storeOf({ ...read, records: JSON.parse(JSON.stringify(records)) as never });
    expect(() => recordSegments(with_(SEGMENTS[1]!), unknown)).toThrow(/no sessions/);
    expect(recordSegments(PLAN, profile)).toBeNull();
    const written = { path: "a.yaml", text: "segments:\n  - { name: x, header: x-tenant }\n" };
    expect(() => recordSegments(with_(none), profile, written)).toThrow(
      /^a\.yaml:2:5 segments\.0: x: the profile has no request with a header x-tenant/,
    );
  });

  it.each([
    ["{ name: a, header: x-a, route: GET / }", /chosen by one of/],
    ["{ name: a, matches: b, route: GET / }", /is for a `header`/],
    ['{ name: a, header: "x a" }', /the name of a header/],
  ])("%s is refused as it is loaded", (text, message) => {
    expect(said(changed("timeout: 5s\n", `timeout: 5s\nsegments: [${text}]\n`))).toMatch(message);
  });
});

describe("a run with a protected segment by header", () => {
  // Half of a third of the requests are more than a hundred.
  const primary = { metric: "response_time_p50", margin: 0.1 } as const;
  const plan: Plan = { ...PLAN, primary, secondary: [], segments: [SEGMENTS[0]!] };

  /** Every third start is of the segment; there the variant is slower. */
  async function written(name: string) {
    const made = traffic();
    const observations = made.observations.map((each) =>
      each.arm === 1 && each.seq % 3 === 0 && each.kind !== "dropped"
        ? { ...each, endNs: each.endNs + 15e6 }
        : each,
    );
    return writeRun(join(folder.path, name), { ...made, observations, plan });
  }
  const masks = Uint16Array.from({ length: 5_000 }, (_, seq) => (seq % 3 === 0 ? 1 : 0));
  const starts = { segments: plan.segments, masks };

  it("shows harm to it, and rolls back, from the run's files alone", async () => {
    const directory = await written("harmed");
    writeStartSegments(directory, starts);
    const model = analyse(directory);
    expectSound(model);
    const row = model.result.comparisons.find(({ metric }) => metric.endsWith("p50@mobile"))!;
    expect(row).toMatchObject({ role: "guardrail", status: "harm" });
    expect(model.result.decision).toBe("roll-back");
  });

  it("is incomplete, and never ships, where nobody knows which starts were of it", async () => {
    const { result } = analyse(await written("unknown"));
    expect(result.decision).toBe("hold");
    expect(result.reason).toMatch(/which start is in which segment is missing/);
  });

  it("has the requests of its starts, and no others", () => {
    const { observations } = traffic();
    const meta = { arms: plan.arms, stages: ["warm-up", "everybody"], routes: ["GET /", "POST /"] };
    const table = {
      meta,
      rows: observations.length,
      *[Symbol.iterator]() {
        yield* observations;
      },
    };
    const countOf = (of: typeof masks): number =>
      cutIntoParts(plan, table, plan.stages, { ...starts, masks: of })
        .filter(({ by }) => by === "segment")
        .flatMap(({ stages }) => stages.flatMap(({ blocks }) => blocks.flat()))
        .reduce((sum, { planned: each }) => sum + each, 0);
    const all = countOf(masks.map(() => 1));
    const other = countOf(masks.map((mask) => 1 - mask));
    expect(countOf(masks)).toBeGreaterThan(0);
    expect(countOf(masks) + other).toBe(all);
    expect(countOf(masks.map(() => 2))).toBe(0);
    expect(guardSegments(plan, cutIntoParts(plan, table))[0]!.effect).toBeNull();
  });
});
