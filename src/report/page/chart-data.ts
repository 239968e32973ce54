import type { ReportModel, Result, Series } from "../model.ts";
import { orderedArms } from "../words.ts";
import { type HeatData, heatData } from "./heat-data.ts";
import { type LiftData, liftData } from "./lift-data.ts";

/** More points than this are thinned: a screen shows no more, and a day's run stays a small file. */
const POINTS_MAX = 720;

/** How windows become one point: rates and means by their mean, the rest by the worst of them. */
type Merge = "mean" | "worst";

/** Four significant digits, which is more than a pixel. */
const short = (value: number): number => Number(value.toPrecision(4));

const tenth = (value: number): number => Math.round(value * 10) / 10;

function thinned(series: Series, windowsPerPoint: number, merge: Merge): Series {
  const points: (number | null)[] = [];
  for (let from = 0; from < series.length; from += windowsPerPoint) {
    const group = series
      .slice(from, from + windowsPerPoint)
      .filter((value): value is number => value !== null && Number.isFinite(value));
    if (group.length === 0) points.push(null);
    else if (merge === "worst") points.push(short(Math.max(...group)));
    else points.push(short(group.reduce((sum, value) => sum + value, 0) / group.length));
  }
  return points;
}

const inMs = (series: Series): Series =>
  series.map((value) => (value === null ? null : value / 1_000));

/** The pictures' data as the page's script reads it: times in s, latencies in ms. */
export interface ChartData {
  readonly windowsPerPoint: number;
  /** The arms in the order of their colours. */
  readonly arms: readonly string[];
  readonly stages: readonly {
    readonly name: string;
    readonly startS: number;
    readonly endS: number;
    /** Where its judgement begins: its end when it is not judged. */
    readonly judgedFromS: number;
  }[];
  /** Per arm, points of [−log10(1 − quantile), value, low, high]. */
  readonly curves: readonly (readonly (readonly number[])[])[];
  readonly atS: readonly number[];
  readonly offered: Series;
  /** Per arm; empty lists where an arm has no line. */
  readonly started: readonly Series[];
  readonly answered: readonly Series[];
  readonly failed: readonly Series[];
  readonly p50: readonly Series[];
  readonly p99: readonly Series[];
  readonly dependencies: readonly {
    readonly inFlightMean: readonly Series[];
    readonly inFlightMax: readonly Series[];
    readonly calls: readonly Series[];
    /** Calls per request that was started in the same window. */
    readonly perRequest: readonly Series[];
    /** Per arm, points of [−log10(1 − quantile), meant, given]. */
    readonly delays: readonly (readonly (readonly number[])[])[];
    /** The size of a pool that was found to be exhausted, by arm. */
    readonly pools: readonly { readonly arm: number; readonly size: number }[];
  }[];
  readonly lifts: readonly LiftData[];
  readonly heat: HeatData;
  /** Per arm, points of [−log10(1 − quantile), response time, service time, start lag]. */
  readonly times: readonly (readonly (readonly number[])[])[];
  /** What was decided while it ran, and when. */
  readonly marks: readonly { readonly atS: number; readonly label: string }[];
}

/** The arms' names in the order of their colours: control first, then as the result lists them. */
export function chartArms(model: ReportModel): readonly string[] {
  const drawn = [...model.timeline.arms, ...model.curves].map(({ arm }) => arm);
  return [...new Set([...orderedArms(model.result).map(([name]) => name), ...drawn])];
}

const nines = (quantile: number): number => -Math.log10(1 - quantile);

/** Gates stand at the end of their stage, stops and cuts where their evidence ends. */
function marksOf({ cuts = [], gates = [], stages, stoppedEarly }: Result): ChartData["marks"] {
  const ends = new Map(stages.map(({ endS, name }) => [name, endS]));
  const ofGates = gates.flatMap(({ arm, decision, stage }) => {
    const atS = ends.get(stage);
    const label = `gate: ${decision.replace("-", " ")}`;
    return atS === undefined ? [] : [{ atS, label: cuts.length > 0 ? `${arm} ${label}` : label }];
  });
  const ofCuts = cuts.map(({ arm, evidenceUntilS }) => ({
    atS: evidenceUntilS,
    label: `${arm} cut`,
  }));
  const stop =
    stoppedEarly === undefined
      ? []
      : [{ atS: stoppedEarly.evidenceUntilS, label: `stopped: ${stoppedEarly.rule}` }];
  return [...ofGates, ...ofCuts, ...stop];
}

/** Of findings that name the size of a pool that calls of an arm wait for. */
export function poolsOf(
  { findings }: Result,
  dependency: string,
): readonly { readonly arm: string; readonly size: number }[] {
  return findings.flatMap((row) => {
    const size = row.evidence["poolSize"];
    const sick = row.status === "fail" || row.status === "shared";
    const about = row.detector === "pool-exhaustion" && row.dependency === dependency;
    return sick && about && row.arm !== undefined && typeof size === "number"
      ? [{ arm: row.arm, size }]
      : [];
  });
}

/** Calls for each request that was started in the same window; null where none was. */
export const perStart = (calls: Series, started: Series | undefined): Series =>
  calls.map((value, index) => {
    const starts = started?.[index] ?? 0;
    return value === null || starts === 0 ? null : value / starts;
  });

/** Makes the chart data of a model: thinned to what a screen shows, rounded to what a pixel is. */
export function chartData(model: ReportModel): ChartData {
  const { timeline } = model;
  const windowsPerPoint = Math.max(1, Math.ceil(timeline.atS.length / POINTS_MAX));
  const thin = (series: Series, merge: Merge): Series => thinned(series, windowsPerPoint, merge);
  const arms = chartArms(model);
  const perArm = <Row extends { readonly arm: string }>(
    rows: readonly Row[],
    of: (row: Row) => Series,
  ): readonly Series[] =>
    arms.map((name) => {
      const found = rows.find(({ arm }) => arm === name);
      return found === undefined ? [] : of(found);
    });
  return {
    windowsPerPoint,
    arms,
    stages: model.result.stages.map(({ name, startS, endS, judgedFromS }) => ({
      name,
      startS: tenth(startS),
      endS: tenth(endS),
      judgedFromS: tenth(judgedFromS ?? endS),
    })),
    curves: arms.map((name) =>
      (model.curves.find(({ arm }) => arm === name)?.points ?? [])
        .filter(({ quantile }) => quantile >= 0 && quantile < 1)
        .map(({ quantile, valueUs, lowUs, highUs }) =>
          [nines(quantile), valueUs / 1_000, lowUs / 1_000, highUs / 1_000].map(short),
        ),
    ),
    atS: timeline.atS.filter((_, index) => index % windowsPerPoint === 0).map(tenth),
    offered: thin(timeline.offeredPerSec, "mean"),
    started: perArm(timeline.arms, (arm) => thin(arm.startedPerSec, "mean")),
    answered: perArm(timeline.arms, (arm) => thin(arm.answeredPerSec, "mean")),
    failed: perArm(timeline.arms, (arm) => thin(arm.failedPerSec, "mean")),
    p50: perArm(timeline.arms, (arm) => thin(inMs(arm.p50Us), "worst")),
    p99: perArm(timeline.arms, (arm) => thin(inMs(arm.p99Us), "worst")),
    dependencies: model.dependencies.map((dependency) => ({
      inFlightMean: perArm(dependency.arms, (arm) => thin(arm.inFlightMean, "mean")),
      inFlightMax: perArm(dependency.arms, (arm) => thin(arm.inFlightMax, "worst")),
      calls: perArm(dependency.arms, (arm) => thin(arm.callsPerSec, "mean")),
      perRequest: perArm(dependency.arms, ({ arm, callsPerSec }) => {
        const started = timeline.arms.find((one) => one.arm === arm)?.startedPerSec;
        return perStart(thin(callsPerSec, "mean"), started && thin(started, "mean"));
      }).map((series) => series.map((value) => (value === null ? null : short(value)))),
      delays: arms.map((name) => {
        const points = dependency.arms.find(({ arm }) => arm === name)?.delays ?? [];
        return points.map(({ givenUs, meantUs, quantile }) =>
          [nines(quantile), meantUs / 1_000, givenUs / 1_000].map(short),
        );
      }),
      pools: poolsOf(model.result, dependency.dependency).map(({ arm, size }) => ({
        arm: arms.indexOf(arm),
        size,
      })),
    })),
    lifts: liftData(model.pictures.lifts, arms),
    heat: heatData(timeline, arms),
    times: arms.map((name) =>
      (model.pictures.times.find(({ arm }) => arm === name)?.points ?? []).map((point) =>
        [
          nines(point.quantile),
          point.responseUs / 1_000,
          point.serviceUs / 1_000,
          point.startLagUs / 1_000,
        ].map(short),
      ),
    ),
    marks: marksOf(model.result),
  };
}
