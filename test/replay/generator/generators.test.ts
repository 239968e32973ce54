import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { NS_PER_S } from "../../../src/core/index.ts";
import {
  type GeneratorEvents,
  type GeneratorJob,
  startGenerators,
  TRANSPORT_LIMITS,
} from "../../../src/replay/index.ts";
import { loopbackTarget } from "../../../src/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-generators-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EVENTS: GeneratorEvents = {
  onStage: () => {},
  onCounts: () => {},
  onRehearsal: () => {},
  onGone: () => {},
  onDiskFailure: () => {},
};

const spoolPathsIn = (path: string): string[] =>
  [0, 1].map((worker) => join(path, `worker-${worker}.spool`));

function jobFor(origin: string, more: Partial<GeneratorJob> = {}): GeneratorJob {
  const target = { origin, address: "127.0.0.1", tls: null, http2: false };
  const capture = { offsetsNs: [0], speed: 1, loop: true, clump: 1 };
  const input = { fromPerSec: 200, toPerSec: 200, durationNs: 0.2 * NS_PER_S, capture };
  return {
    arms: [{ name: "target", target, headers: {}, transport: "wire" }],
    records: [{ offsetNs: 0, method: "GET", path: "/", headers: [], route: "GET /" }],
    routes: ["GET /"],
    stageNames: ["all"],
    stages: [{ spec: { kind: "uniform" }, input }],
    runId: "00000000000000aa",
    seed: "1",
    timeoutNs: 2 * NS_PER_S,
    inFlightMax: 100,
    limits: TRANSPORT_LIMITS,
    pacing: "alarm",
    workers: 2,
    rekey: true,
    copies: 1,
    substitute: [],
    // A thread that is ended in its rehearsal leaves files: each job has a place of its own.
    spoolPaths: spoolPathsIn(mkdtempSync(join(folder, "job-"))),
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

  it("that crash are an error of what was sent, not the end of the process", async () => {
    // Routes that cannot be looked up: a thread throws at the first start that it makes ready.
    const broken = { records: [] as GeneratorJob["records"] };
    const never = new AbortController().signal;
    const starting = startGenerators(jobFor("http://127.0.0.1:1", broken), EVENTS, never);
    await expect(starting).rejects.toMatchObject({ code: "INTERNAL" });
  });
});
