import { type Prng, seededPrng } from "../../src/core/index.ts";
import {
  type ArmRow,
  type ComparisonRow,
  LATENCY_BINS_PER_DECADE,
  type LatencyBins,
  type LiftCurve,
  type PercentileCurve,
  type ReportModel,
  type Result,
  RESULT_SCHEMA_VERSION,
  type RunPictures,
  type TimesCurve,
} from "../../src/report/index.ts";

/* Makes whole, consistent report models from a few numbers, always the same ones. */

type Stage = Result["stages"][number];
type Quantiles = ArmRow["responseTimeUs"];

export interface ArmShape {
  /** Median response time, and how many times it the p99 is. */
  readonly medianUs: number;
  readonly tailRatio: number;
  readonly errorRatio: number;
  /** Times the median and tail at a rate, to show saturation. */
  slowdown?(ratePerSec: number): number;
  /** From this second on nothing is answered. */
  readonly diesAtS?: number;
  /** Calls in flight never exceed it. */
  readonly poolMax?: number;
}

export interface ModelShape {
  readonly stages: readonly Stage[];
  readonly arms: Readonly<Record<string, ArmShape>>;
  readonly routes: readonly string[];
  readonly dependencies: readonly string[];
  readonly result?: Partial<Result>;
}

const QUANTILES = [0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999];
const whole = (value: number): number => Math.round(value);

function rateAt(stages: readonly Stage[], atS: number): number {
  return stages.find(({ startS, endS }) => atS >= startS && atS < endS)?.ratePerSec ?? 0;
}

/** A log-logistic shape: cheap, and its tail looks like a service's. */
function quantileUs(shape: ArmShape, slow: number, quantile: number): number {
  const power = Math.log(shape.tailRatio) / Math.log(99);
  return shape.medianUs * slow * (quantile / (1 - quantile)) ** power;
}

function quantilesOf(shape: ArmShape, slow: number): Quantiles {
  const at = (quantile: number): number => whole(quantileUs(shape, slow, quantile));
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(0.9998) };
}

const LAG: Quantiles = { p50: 42, p90: 88, p99: 310, p999: 940, max: 1_820 };
const NO_WAIT: Quantiles = { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };

/** Rates over the whole plan, pauses included. */
function ratesOf(
  { dropped, planned, responses }: Pick<ArmRow, "dropped" | "planned" | "responses">,
  stages: readonly Stage[],
): ArmRow["ratePerSec"] {
  const lastS = Math.max(...stages.map(({ endS }) => endS));
  return {
    offered: planned / lastS,
    started: (planned - dropped) / lastS,
    answered: responses / lastS,
  };
}

function countsOf(shape: ArmShape, stages: readonly Stage[]) {
  const planned = stages.reduce(
    (sum, { ratePerSec, startS, endS }) => sum + ratePerSec * (endS - startS),
    0,
  );
  const alive = stages.reduce((sum, { ratePerSec, startS, endS }) => {
    const end = Math.min(endS, shape.diesAtS ?? endS);
    return sum + ratePerSec * Math.max(0, end - startS);
  }, 0);
  const timeouts = whole(alive * shape.errorRatio);
  const refused = whole((planned - alive) * 0.4);
  const dropped = whole(planned - alive - refused);
  const errors = timeouts + refused;
  return {
    planned: whole(planned),
    responses: whole(planned) - errors - dropped,
    errors,
    dropped,
    timeouts,
    refused,
  };
}

function armOf(shape: ArmShape, spec: ModelShape): ArmRow {
  const { timeouts, refused, ...counts } = countsOf(shape, spec.stages);
  const slow = shape.slowdown?.(Math.max(...spec.stages.map(({ ratePerSec }) => ratePerSec))) ?? 1;
  const share = (count: number, index: number): number => {
    const n = spec.routes.length;
    return Math.floor(count / n) + (index < count % n ? 1 : 0);
  };
  return {
    ...counts,
    statusCounts:
      counts.responses > 2 ? { 200: counts.responses - 2, 404: 2 } : { 200: counts.responses },
    errorCounts: { timeout: timeouts, refused },
    dropCounts: { "in-flight-cap": counts.dropped },
    responseTimeUs: quantilesOf(shape, slow),
    serviceTimeUs: quantilesOf({ ...shape, medianUs: shape.medianUs * 0.995 }, slow),
    startLagUs: LAG,
    connectionWaitUs: NO_WAIT,
    lateStarts: { generator: whole(counts.responses * 0.0008), connection: 0 },
    ratePerSec: ratesOf(counts, spec.stages),
    routes: spec.routes.map((route, index) => ({
      route,
      responses: share(counts.responses, index),
      errors: share(counts.errors, index),
      dropped: share(counts.dropped, index),
      planned:
        share(counts.responses, index) + share(counts.errors, index) + share(counts.dropped, index),
      responseTimeUs: quantilesOf(
        { ...shape, medianUs: shape.medianUs * (0.6 + index * 0.23) },
        slow,
      ),
      serviceTimeUs: quantilesOf(
        { ...shape, medianUs: shape.medianUs * (0.6 + index * 0.22) },
        slow,
      ),
      startLagUs: LAG,
    })),
  };
}

function curveOf(arm: string, shape: ArmShape, spec: ModelShape): PercentileCurve {
  const slow = shape.slowdown?.(Math.max(...spec.stages.map(({ ratePerSec }) => ratePerSec))) ?? 1;
  return {
    arm,
    points: QUANTILES.map((quantile) => {
      const valueUs = quantileUs(shape, slow, quantile);
      const spread = 0.02 + 0.06 * -Math.log10(1 - quantile);
      return { quantile, valueUs, lowUs: valueUs * (1 - spread), highUs: valueUs * (1 + spread) };
    }),
  };
}

function timelineOf(spec: ModelShape, prng: Prng): ReportModel["timeline"] {
  const seconds = Math.max(...spec.stages.map(({ endS }) => endS));
  const atS = Array.from({ length: Math.ceil(seconds) }, (_, index) => index);
  const jitter = (size: number): number => 1 + (prng() - 0.5) * size;
  const offered = atS.map((at) => whole(rateAt(spec.stages, at) * jitter(0.25)));
  return {
    atS,
    offeredPerSec: offered,
    arms: Object.entries(spec.arms).map(([arm, shape]) => {
      const alive = (at: number): boolean => at < (shape.diesAtS ?? Infinity);
      const latency = (at: number, quantile: number): number | null => {
        const rate = rateAt(spec.stages, at);
        if (rate === 0 || !alive(at)) return null;
        return whole(quantileUs(shape, shape.slowdown?.(rate) ?? 1, quantile) * jitter(0.3));
      };
      const binsAt = (at: number): LatencyBins => {
        const rate = rateAt(spec.stages, at);
        if (rate === 0 || !alive(at)) return [];
        const bins = new Map<number, number>();
        for (const quantile of [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]) {
          const us = quantileUs(shape, shape.slowdown?.(rate) ?? 1, quantile);
          const bin = Math.floor(LATENCY_BINS_PER_DECADE * Math.log10(us));
          bins.set(bin, (bins.get(bin) ?? 0) + whole(rate / 10));
        }
        return [...bins].filter(([, requests]) => requests > 0);
      };
      const failed = atS.map((at, index) =>
        alive(at)
          ? whole((offered[index] ?? 0) * shape.errorRatio * jitter(0.6))
          : whole((offered[index] ?? 0) * 0.4),
      );
      return {
        arm,
        startedPerSec: offered,
        answeredPerSec: atS.map((at, index) =>
          alive(at) ? (offered[index] ?? 0) - (failed[index] ?? 0) : 0,
        ),
        failedPerSec: failed,
        p50Us: atS.map((at) => latency(at, 0.5)),
        p99Us: atS.map((at) => latency(at, 0.99)),
        latency: atS.map((at) => binsAt(at)),
      };
    }),
  };
}

function dependenciesOf(spec: ModelShape, prng: Prng): ReportModel["dependencies"] {
  const seconds = Math.ceil(Math.max(...spec.stages.map(({ endS }) => endS)));
  const atS = Array.from({ length: seconds }, (_, index) => index);
  return spec.dependencies.map((dependency, nth) => ({
    dependency,
    arms: Object.entries(spec.arms).map(([arm, shape]) => {
      const alive = (at: number): boolean => at < (shape.diesAtS ?? Infinity);
      const wanted = atS.map(
        (at) => rateAt(spec.stages, at) * 0.11 * (1 + nth * 0.3) * (0.9 + prng() * 0.2),
      );
      const cap = shape.poolMax ?? Infinity;
      return {
        arm,
        inFlightMean: wanted.map((value, at) => (alive(at) ? Math.min(cap * 0.985, value) : null)),
        inFlightMax: wanted.map((value, at) =>
          alive(at) ? Math.min(cap, Math.ceil(value * 1.9)) : null,
        ),
        callsPerSec: wanted.map((value, at) =>
          alive(at) ? whole(Math.min(cap * 9.1, value * 9)) : null,
        ),
        delays: QUANTILES.map((quantile) => {
          const meantUs = quantileUs({ ...shape, medianUs: 80_000 }, 1, quantile);
          return { quantile, meantUs, givenUs: meantUs + 90 };
        }),
        keys: { distinct: 40 + nth, topCalls: 12 },
      };
    }),
  }));
}

function emulatorOf(
  spec: ModelShape,
  dependencies: ReportModel["dependencies"],
): Result["emulator"] {
  const sum = (series: readonly (number | null)[]): number =>
    series.reduce<number>((all, value) => all + (value ?? 0), 0);
  return Object.fromEntries(
    dependencies.map(({ dependency, arms }) => [
      dependency,
      Object.fromEntries(
        arms.map(({ arm, callsPerSec, inFlightMax }) => {
          const calls = sum(callsPerSec);
          const most = Math.max(0, ...inFlightMax.map((value) => value ?? 0));
          return [
            arm,
            {
              calls,
              errors: whole(calls * 0.004),
              limited: 0,
              early: 0,
              rejected: 0,
              aborted: whole(calls * (spec.arms[arm]?.errorRatio ?? 0)),
              inFlightMax: most,
              connectionsMax: most + (most > 0 ? 1 : 0),
              delayErrorUs: { p50: 38, p99: 410 },
            },
          ];
        }),
      ),
    ]),
  );
}

function timesOf(arm: string, shape: ArmShape): TimesCurve {
  const points = QUANTILES.map((quantile) => {
    const responseUs = quantileUs(shape, 1, quantile);
    const startLagUs = quantileUs({ ...shape, medianUs: 42 }, 1, quantile);
    return { quantile, responseUs, serviceUs: responseUs - startLagUs, startLagUs };
  });
  return { arm, points };
}

/** Blocks of 5 s whose band closes on the estimate; every point was looked at. */
function liftOf(row: ComparisonRow, { endS, judgedFromS }: Stage): LiftCurve | null {
  if (judgedFromS === null || row.effect === null || row.role === "secondary") return null;
  const { estimate, high, kind, low } = row.effect;
  const count = Math.floor((endS - judgedFromS) / 5);
  const points = Array.from({ length: Math.max(count - 1, 0) }, (_, index) => {
    const blocks = index + 2;
    const wider = 1.55 * Math.sqrt(count / blocks);
    return {
      atS: judgedFromS + blocks * 5,
      blocks,
      estimate,
      low: estimate - (estimate - low) * wider,
      high: estimate + (high - estimate) * wider,
      looked: estimate * (1 + 0.1 / blocks),
    };
  });
  const { arm, better, margin, metric, role, stage, unit } = row;
  return { arm, better, margin, metric, role, stage, unit, kind, points };
}

function picturesOf(spec: ModelShape, { comparisons, run, stages }: Result): RunPictures {
  return {
    lifts: comparisons.flatMap((row) => {
      const stage = stages.find(({ name }) => name === row.stage);
      return (stage === undefined ? null : liftOf(row, stage)) ?? [];
    }),
    times: Object.entries(spec.arms).map(([arm, shape]) => timesOf(arm, shape)),
    registered: {
      alpha: 0.05,
      power: 0.8,
      betweenRunSd: 0.01,
      runs: 1,
      stop: { harm: true, futility: false },
      stages: stages.map(({ endS, judgedFromS, name, ratePerSec, startS }) => ({
        name,
        fromPerSec: ratePerSec,
        ratePerSec,
        lengthS: endS - startS,
        judged: judgedFromS !== null,
        onHold: "go-on",
      })),
      profileSha256: "a".repeat(64),
      scenarioSha256: "b".repeat(64),
    },
    trail: [
      {
        at: run.startedAt,
        event: "plan registered",
        entries: 1,
        detail: `sha256: ${run.planSha256}`,
        sha256: "c".repeat(64),
      },
      ...stages.map(({ name }) => ({
        at: run.startedAt,
        event: "stage begins",
        entries: 1,
        detail: `stage: ${name}`,
        sha256: "d".repeat(64),
      })),
    ],
  };
}

/** A whole model; `result` replaces parts of what is made. */
export function buildModel(spec: ModelShape): ReportModel {
  const prng = seededPrng("report fixtures");
  const dependencies = dependenciesOf(spec, prng);
  const result: Result = {
    schemaVersion: RESULT_SCHEMA_VERSION,
    tool: { name: "shakedown", version: "0.1.0" },
    run: {
      id: "7f3a91c04be2d815",
      scenario: "payment pool cut",
      profile: "storefront",
      startedAt: "2026-03-02T09:30:00.000Z",
      durationS: Math.max(...spec.stages.map(({ endS }) => endS)),
      complete: true,
      seed: "1",
      planSha256: "9d1f0a7c5b2e48e6a3c4f81726b5d90e1c3a7f42d86b0e95f7a21c48de630b17",
      pacing: "spin",
      load: "poisson arrivals up to 120/s; 1 worker, pacing by spin: 4 cores, 1 to spare",
      workers: 1,
      connections: 2_000,
      resends: 0,
      command: "shakedown run scenarios/payment-pool.yaml --seed 1",
      host: { node: "24.21.0", os: "linux 6.8.0 x64", cpus: 4 },
    },
    hypothesis: {
      because: "the payment client keeps 64 sockets open and uses four",
      if: "its pool is cut to 4",
      then: "p95 response time changes by less than 5 %",
      otherwise: "p95 response time grows by 5 % or more",
    },
    decision: "ship",
    reason: "the primary metric and every guardrail are shown to be within their margins",
    findings: [],
    arms: Object.fromEntries(
      Object.entries(spec.arms).map(([arm, shape]) => [arm, armOf(shape, spec)]),
    ),
    comparisons: [],
    parts: [],
    emulator: emulatorOf(spec, dependencies),
    stages: [...spec.stages],
    checks: [
      {
        name: "ledger",
        status: "pass",
        summary: "planned = responses + errors + dropped in both arms",
      },
      {
        name: "start-lag",
        status: "pass",
        summary:
          "p99 start lag 310 µs in control, 312 µs in variant; 0.08 % of starts over 1 ms late",
      },
      {
        name: "delay-error",
        status: "pass",
        summary: "the emulator's p99 delay error is 410 µs, below 1 ms",
      },
      { name: "pairing", status: "pass", summary: "every planned start was made in both arms" },
    ],
    warnings: [],
    ...spec.result,
  };
  return {
    result,
    curves: Object.entries(spec.arms).map(([arm, shape]) => curveOf(arm, shape, spec)),
    timeline: timelineOf(spec, prng),
    dependencies,
    pictures: picturesOf(spec, result),
  };
}
