import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { keyedDraw, NS_PER_MS, NS_PER_S } from "../../src/core/index.ts";
import { AuditLog, type Plan, registerPlan } from "../../src/experiment/index.ts";
import {
  CallWriter,
  type EmulatedCall,
  type Observation,
  ObservationWriter,
} from "../../src/measure/index.ts";
import { type ReportModel, resultSchema } from "../../src/report/index.ts";
import { RunDirectory } from "../../src/run/index.ts";
import { plainCall } from "../../src/testing/index.ts";
import type { LockRecord } from "../../src/run/plan/index.ts";
import type { Manifest } from "../../src/run/manifest.ts";
import { ONE_ARM_PLAN, PLAN } from "../experiment/plan-fixture.ts";

/** How far the emulator's clock is ahead of the run's, as in a real run. */
export const LEAD_NS = 1.5 * NS_PER_S;
export const END_NS = 13.1 * NS_PER_S;

export const MANIFEST: Manifest = {
  manifestVersion: 2,
  tool: { name: "shakedown", version: "0.0.0" },
  runId: "00112233445566ff",
  scenario: { name: "pool cut", path: "pool.yaml" },
  profile: { name: "shop", path: "shop.ndjson.gz", records: 10 },
  startedAt: "2026-01-01T00:00:00.000Z",
  trafficStartedAt: "2026-01-01T00:00:03.000Z",
  command: "shakedown run pool.yaml",
  pacing: "alarm",
  generator: {
    load: "poisson arrivals up to 100/s; 1 worker, pacing by alarm: 2 cores, none to spare",
    workers: 1,
    connections: 2_000,
    transports: { control: "wire", variant: "wire" },
    copies: 1,
    warnings: [],
  },
  seed: "1",
  host: { node: "v24.0.0", os: "linux", cpus: 2 },
  emulatorLeadNs: LEAD_NS,
  dependencies: [{ name: "payments", cacheTtlNs: null }],
  targets: [],
  ended: {
    at: "2026-01-01T00:00:14.000Z",
    durationNs: END_NS,
    incompleteBecause: null,
    exitCode: null,
    rows: { observations: 0, calls: 0, lost: 0 },
    emulatorEvictions: 0,
    resends: 0,
    substitutions: { learned: 0, applied: 0, missed: 0, refused: 0, forgotten: 0 },
  },
};

export interface Written {
  readonly observations: readonly Observation[];
  readonly calls: readonly EmulatedCall[] | null;
  readonly plan?: Plan;
  /** Generator threads: start n was one of worker n modulo their number. */
  readonly workers?: number;
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** More of how it ended. */
  readonly ended?: Partial<Manifest["ended"]>;
  /** The lock that its plan was held against; none unless told. */
  readonly lock?: LockRecord;
}

/** What one arm alone did: the control of `traffic`. */
export function lone(change: (observation: Observation) => Observation = (same) => same): Written {
  const observations = traffic().observations.filter(({ arm }) => arm === 0);
  const generator = { ...MANIFEST.generator, transports: { target: "wire" } };
  return {
    observations: observations.map((observation) => change(observation)),
    calls: null,
    plan: ONE_ARM_PLAN,
    manifest: { dependencies: [], generator },
  };
}

/** A folder for runs that is gone when the tests are over. */
export function scratch(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "shakedown-run-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes a run directory as a run leaves it. */
export async function writeRun(path: string, written: Written): Promise<RunDirectory> {
  const directory = new RunDirectory(path);
  for (const folder of ["observations", "emulated"])
    mkdirSync(join(path, folder), { recursive: true });
  const plan = written.plan ?? PLAN;
  const registered = registerPlan(plan);
  writeFileSync(directory.file("plan.json"), JSON.stringify(registered, null, 2));
  const audit = new AuditLog(directory.file("audit.ndjson"), () => "2026-01-01T00:00:00.000Z");
  audit.append("plan registered", {
    sha256: registered.sha256,
    ...(written.lock === undefined ? {} : { lock: written.lock }),
  });
  const rows = {
    observations: written.observations.length,
    calls: written.calls?.length ?? 0,
    lost: 0,
  };
  const manifest = {
    ...MANIFEST,
    ended: { ...MANIFEST.ended, rows, ...written.ended },
    ...written.manifest,
  };
  writeFileSync(directory.file("manifest.json"), JSON.stringify(manifest));
  const { arms, stages } = plan;
  const meta = {
    arms,
    stages: stages.map(({ name }) => name),
    routes: ["GET /", "POST /checkout"],
  };
  const workers = written.workers ?? 1;
  for (let worker = 0; worker < workers; worker++) {
    const file = directory.observations(worker);
    // oxlint-disable-next-line no-await-in-loop -- a few files, one after the other
    const writer = await ObservationWriter.create(file, meta);
    for (const observation of written.observations) {
      if (observation.seq % workers === worker) writer.write(observation);
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await writer.spool.close();
  }
  if (written.calls === null) return directory;
  const calls = await CallWriter.create(directory.calls, { arms, dependencies: ["payments"] });
  for (const call of written.calls) {
    calls.write({ ...call, arriveNs: call.arriveNs + LEAD_NS, endNs: call.endNs + LEAD_NS });
  }
  await calls.spool.close();
  return directory;
}

/** What both arms did: 130 requests a second, each with a call; the arms differ by chance alone. */
export function traffic(
  options: { readonly perSec?: number; readonly slower?: number } = {},
): Written {
  const { perSec = 130, slower = 1 } = options;
  const observations: Observation[] = [];
  const calls: EmulatedCall[] = [];
  const count = Math.floor((END_NS / NS_PER_S) * perSec);
  for (let seq = 0; seq < count; seq++) {
    const intendedNs = Math.round((seq * NS_PER_S) / perSec);
    for (const arm of [0, 1]) {
      const luck = keyedDraw("run", seq, arm);
      const startNs = intendedNs + Math.round(luck.uniform("lag") * 1_000) * 100;
      const holdMs = (8 + 12 * luck.uniform("hold")) * (arm === 1 ? slower : 1);
      const holdNs = Math.round(holdMs * 1_000) * 1_000;
      const endNs = startNs + holdNs + 2 * NS_PER_MS;
      const place = {
        arm,
        stage: intendedNs < 2 * NS_PER_S ? 0 : 1,
        seq,
        route: seq % 2,
        intendedNs,
      };
      const fate = luck.uniform("fate");
      if (fate < 0.004)
        observations.push({
          kind: "error",
          ...place,
          startNs,
          connectionWaitNs: 0,
          endNs,
          error: "timeout",
        });
      else {
        const status = fate < 0.01 ? 503 : 200;
        const sizes = { bytesIn: 200, bytesOut: 100 };
        observations.push({
          kind: "response",
          ...place,
          startNs,
          connectionWaitNs: 0,
          firstByteNs: endNs,
          endNs,
          status,
          ...sizes,
        });
      }
      calls.push(
        plainCall({
          arm,
          seq,
          key: seq % 10,
          arriveNs: startNs + NS_PER_MS,
          endNs: startNs + NS_PER_MS + holdNs,
          meantDelayUs: holdNs / 1e3,
          givenDelayUs: holdNs / 1e3 + 40,
          connection: 0,
        }),
      );
    }
  }
  return { observations, calls };
}

/** What every report relies on, however little there was. */
export function expectSound({ curves, dependencies, result, timeline }: ReportModel): void {
  expect(resultSchema.safeParse(result).error).toBeUndefined();
  const windows = timeline.atS.length;
  expect(windows).toBeGreaterThan(0);
  expect(timeline.offeredPerSec).toHaveLength(windows);
  for (const { arm: _arm, ...series } of timeline.arms) {
    for (const values of Object.values(series)) expect(values).toHaveLength(windows);
  }
  for (const { arms } of dependencies) {
    for (const { callsPerSec, delays, inFlightMax, inFlightMean, keys } of arms) {
      for (const values of [callsPerSec, inFlightMax, inFlightMean]) {
        expect(values).toHaveLength(windows);
      }
      for (const { givenUs, meantUs } of delays) {
        expect(Math.min(givenUs, meantUs)).toBeGreaterThanOrEqual(0);
      }
      expect((keys?.topCalls ?? 0) > 0).toBe((keys?.distinct ?? 0) > 0);
    }
  }
  for (const { points } of curves) {
    for (const { highUs, lowUs, valueUs } of points) {
      expect(lowUs).toBeLessThanOrEqual(valueUs);
      expect(highUs).toBeGreaterThanOrEqual(valueUs);
    }
  }
  for (const arm of Object.values(result.arms)) {
    expect(arm.planned).toBe(arm.responses + arm.errors + arm.dropped);
    const routes = arm.routes.reduce((sum, route) => sum + route.planned, 0);
    expect(routes).toBe(arm.planned);
  }
}
