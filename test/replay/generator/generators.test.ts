import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { NS_PER_S } from "../../../src/core/index.ts";
import {
  type GeneratorEvents,
  type GeneratorJob,
  NOTHING_LOOKED_AT,
  startGenerators,
  TRANSPORT_LIMITS,
} from "../../../src/replay/index.ts";
import { type Observation, readObservations } from "../../../src/measure/index.ts";
import type { ProfileRecord } from "../../../src/profile/index.ts";
import { recordStore } from "../../profile/stored.ts";
import { untoldOf } from "../../../src/replay/generator/untold.ts";
import { loopbackTarget } from "../../../src/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-generators-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EVENTS: GeneratorEvents = {
  onStage: () => {},
  onCounts: () => {},
  onRehearsal: () => {},
  onBlocks: () => {},
  onGone: () => {},
  onDiskFailure: () => {},
};

const spoolPathsIn = (path: string, from = 0): string[] =>
  [from, from + 1].map((worker) => join(path, `worker-${worker}.spool`));

const recordOf = (path: string): ProfileRecord => ({
  offsetNs: 0,
  method: "GET",
  path,
  headers: [],
  route: `GET ${path}`,
});

function jobFor(origin: string, more: Partial<GeneratorJob> = {}): GeneratorJob {
  const target = { origin, address: "127.0.0.1", tls: null, http2: false };
  const capture = { offsetsNs: [0], speed: 1, loop: true, clump: 1 };
  const place = mkdtempSync(join(folder, "job-"));
  const input = { fromPerSec: 200, toPerSec: 200, durationNs: 0.2 * NS_PER_S, capture };
  return {
    arms: [{ name: "target", target, headers: {}, transport: "wire" }],
    records: recordStore([recordOf("/")]).data,
    stageNames: ["all"],
    stages: [{ spec: { kind: "uniform" }, input }],
    lookedAt: NOTHING_LOOKED_AT,
    runId: "00000000000000aa",
    seed: "1",
    timeoutNs: 25 * NS_PER_S,
    inFlightMax: 100,
    limits: TRANSPORT_LIMITS,
    pacing: "alarm",
    goesFirst: false,
    workers: 2,
    rekey: true,
    copies: 1,
    substitute: [],
    // A thread that is ended in its rehearsal leaves files: each job has a place of its own.
    spoolPaths: spoolPathsIn(place),
    untoldPaths: spoolPathsIn(place, 2),
    ...more,
  };
}

describe("generator threads", () => {
  it("send a job's every start once, among them, and add up what they did", async () => {
    await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    const never = new AbortController().signal;
    await using generators = await startGenerators(jobFor(target.origin), EVENTS, never);
    const totals = await generators.go(process.hrtime.bigint() + 50_000_000n);
    expect(totals).toMatchObject({ error: null, keptRows: 40, lostRows: 0 });
    expect(target.seen).toHaveLength(40);
    const ids = new Set(target.seen.map(({ headers }) => headers["x-request-id"]));
    expect(ids.size).toBe(40);
  });

  it("rehearse before the arms are up, and send where they are told to", async () => {
    const never = new AbortController().signal;
    const aimed = Promise.withResolvers<GeneratorJob["arms"]>();
    const rehearsing = Promise.withResolvers<void>();
    const events = { ...EVENTS, onRehearsal: () => rehearsing.resolve() };
    const job = jobFor("http://127.0.0.1:1");
    const starting = startGenerators(job, events, never, undefined, aimed.promise);
    await rehearsing.promise;
    await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    aimed.resolve(jobFor(target.origin).arms);
    await using generators = await starting;
    const totals = await generators.go(process.hrtime.bigint() + 50_000_000n);
    expect(totals).toMatchObject({ error: null, keptRows: 40 });
    expect(target.seen).toHaveLength(40);
  });

  it("are given up with what kept the arms from coming up", async () => {
    const never = new AbortController().signal;
    const aimed = Promise.reject(new Error("no arms"));
    aimed.catch(() => {});
    const job = jobFor("http://127.0.0.1:1");
    await expect(startGenerators(job, EVENTS, never, undefined, aimed)).rejects.toThrow("no arms");
  });

  it("of a shard alone send its starts, from a moment on, and leave the rest to others", async () => {
    await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    const never = new AbortController().signal;
    const job = jobFor(target.origin);
    await using generators = await startGenerators(job, EVENTS, never, [1]);
    const fromNs = 0.1 * NS_PER_S;
    const totals = await generators.go(process.hrtime.bigint() + 50_000_000n, fromNs);
    expect(existsSync(job.spoolPaths[0]!)).toBe(false);
    const rows = [...readObservations(job.spoolPaths[1]!)];
    expect(rows).toHaveLength(totals.keptRows);
    // Of 40 starts every second is this shard's, and of those the later half is sent here.
    expect(rows.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, i) => 21 + 2 * i),
    );
    expect(sumOf(untoldOf({ job, worker: 1 }, rows))).toBe(10);
  });

  it("that cannot write their observations do not start, and leave no thread behind", async () => {
    const spoolPaths = spoolPathsIn(join(folder, "nowhere"));
    const never = new AbortController().signal;
    const starting = startGenerators(jobFor("http://127.0.0.1:1", { spoolPaths }), EVENTS, never);
    await expect(starting).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
  });

  it("are given up when an interrupt comes while they start", async () => {
    const stopping = new AbortController();
    const starting = startGenerators(jobFor("http://127.0.0.1:1"), EVENTS, stopping.signal);
    stopping.abort(new Error("interrupted"));
    await expect(starting).rejects.toThrow("interrupted");
  });

  it("that fail after the start leave a ledger that adds up to the plan", async () => {
    // What cannot be added to a number: the first start that is sent throws, after the rehearsal.
    const broken = { timeoutNs: 2_000_000_000n as unknown as number };
    const job = jobFor("http://127.0.0.1:1", broken);
    const never = new AbortController().signal;
    await using generators = await startGenerators(job, EVENTS, never);
    const totals = await generators.go(process.hrtime.bigint());
    expect(totals).toMatchObject({ error: { code: "INTERNAL" }, lostRows: 0 });
    // One that failed stops the other, which may have come to its own first start by then, or not.
    const written = [...job.spoolPaths, ...job.untoldPaths].filter((path) => existsSync(path));
    const rows = [...readObservations(...written)];
    expect(rows).toHaveLength(totals.keptRows);
    const dropped = rows.flatMap((row) => (row.kind === "dropped" ? row : []));
    expect(dropped).toHaveLength(rows.length);
    expect(sumOf(dropped)).toBe(40);
    const ofTheDead = dropped.find(({ reason }) => reason === "generator-died");
    expect(ofTheDead).toMatchObject({ count: 20 });
    const others = dropped.filter(({ reason }) => reason !== "generator-died");
    expect(others.every(({ reason }) => reason === "run-stopped")).toBe(true);
  });

  it("that crash are an error of what was sent, not the end of the process", async () => {
    // Routes that cannot be looked up: a thread throws at the first start that it makes ready.
    const broken = { records: recordStore([]).data };
    const never = new AbortController().signal;
    const starting = startGenerators(jobFor("http://127.0.0.1:1", broken), EVENTS, never);
    await expect(starting).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

describe("what a worker has not told", () => {
  it("and what it has told are its starts, by arm, stage and route, whatever it was", () => {
    const job = jobFor("http://127.0.0.1:1", {
      records: recordStore(["/a", "/b", "/c"].map((path) => recordOf(path))).data,
      stageNames: ["one", "two"],
    });
    const [stage] = job.stages;
    const workerJob = { job: { ...job, stages: [stage!, stage!] }, worker: 1 };
    const all = untoldOf(workerJob, []);
    const plan = sumOf(all);
    expect(plan).toBe(40);
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 6, maxLength: 6 }), (counts) => {
        const told: Observation[] = all.map((each, i) => ({ ...each, count: counts[i] ?? 0 }));
        const untold = untoldOf(workerJob, told);
        expect(sumOf(untold) + counts.reduce((sum, count) => sum + count, 0)).toBe(plan);
        expect(untold.every(({ count }) => count > 0)).toBe(true);
      }),
    );
    // Each place has 6 or 7 of the 40: told of more than there are, nothing is left of it.
    expect(untoldOf(workerJob, all)).toEqual([]);
  });
});

function sumOf(dropped: readonly { readonly count: number }[]): number {
  return dropped.reduce((sum, { count }) => sum + count, 0);
}
