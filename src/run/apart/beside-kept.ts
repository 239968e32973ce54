import { ShakedownError } from "../../core/index.ts";
import {
  type BoundComparison,
  judgeApart,
  type MetricComparison,
  metricLabel,
  type MetricSpec,
  type Plan,
  statusOf,
} from "../../experiment/index.ts";
import { APART_VERSION, type ApartReport, type ApartRow } from "../../report/index.ts";
import { floorOf, type NamedRun, type NoiseFlags, sideOf } from "./compare.ts";
import { differencesOf, sameHost } from "./differences.ts";
import { KEPT_MAX, type KeptFolder, type KeptRun } from "./kept.ts";
import { type Measured, planOf } from "./measured.ts";
import { type ArmsApart, type ComparedFigure, levelsApart, rowOf } from "./rows.ts";

export interface BesideOptions extends NoiseFlags {
  /** Of the run; its variant, or its only arm, unless given. */
  readonly arm?: string;
  /** Of what was kept; its control, or its only arm, unless given. */
  readonly against?: string;
  /** For runs whose plan has no hypothesis: what must not get worse. */
  readonly metric?: string;
  readonly margin?: number;
  readonly version: string;
}

const usage = (message: string, hint: string): ShakedownError =>
  new ShakedownError("USAGE", message, { hint });

function armOf(
  flag: string,
  arms: readonly string[],
  wanted: string | undefined,
): string | undefined {
  if (wanted !== undefined && !arms.includes(wanted)) {
    throw usage(`${flag} ${wanted}: there is no such arm`, `there is ${arms.join(", ")}`);
  }
  return wanted;
}

function armsOf(kept: Measured, run: Measured, options: BesideOptions): ArmsApart {
  const [was, is] = [planOf(kept).arms, planOf(run).arms];
  const against = armOf("--against", was, options.against) ?? was[0]!;
  const named = armOf("--arm", is, options.arm);
  if (named !== undefined) return { before: against, after: named };
  if (is.length <= 2) return { before: against, after: is.at(-1)! };
  throw usage("the run has several variants", `say which: --arm ${is.slice(1).join(", --arm ")}`);
}

/** Kept runs of the same plan, the newest so many; others are told. */
function likeRuns(
  { kept, unread }: KeptFolder,
  run: Measured,
): { readonly like: readonly KeptRun[]; readonly warnings: readonly string[] } {
  const unlike = (one: KeptRun): string[] =>
    differencesOf(one.measured, run)
      .filter(({ measures }) => measures)
      .map(({ after, before, field }) => `${field} ${before} → ${after}`);
  const told = kept.map((one) => ({ one, fields: unlike(one) }));
  const like = told.filter(({ fields }) => fields.length === 0).map(({ one }) => one);
  if (like.length === 0) {
    const [newest] = told;
    if (newest === undefined) {
      throw new ShakedownError("RUN_INVALID", "there is no kept run to compare with", {
        hint: "`shakedown baseline save <run> --dir FOLDER` puts one there",
      });
    }
    const fields = newest.fields.slice(0, 6).join("; ");
    const more = newest.fields.length > 6 ? `; and ${newest.fields.length - 6} more` : "";
    const message = `${newest.one.path} measured another thing (kept → now): ${fields}${more}`;
    throw new ShakedownError("RUN_INVALID", message, {
      hint: "keep a run of this plan; `shakedown compare` sets unlike runs side by side, and decides nothing",
    });
  }
  const passed = told.length - like.length;
  return {
    like: like.slice(0, KEPT_MAX),
    warnings: [
      ...unread,
      ...(passed === 0 ? [] : [`${passed} kept of other plans passed over`]),
      ...(like.length > KEPT_MAX ? [`of ${like.length} kept, the newest ${KEPT_MAX} taken`] : []),
    ],
  };
}

/** What is judged: the plan's own, or what flags name where it has no hypothesis. */
function boundBy(plan: Plan, { margin, metric }: BesideOptions): Plan {
  if (plan.primary !== null) {
    if (metric === undefined && margin === undefined) return plan;
    const hint = "leave --metric and --margin out: they are for runs of one arm";
    throw usage("the run's plan says what is judged, and by which margin", hint);
  }
  const primary = { metric: metric ?? "response_time_p99", margin: margin ?? 0.1 };
  const errors = { metric: "error_ratio", margin: 0.01 };
  const guardrails = primary.metric === errors.metric ? [] : [errors];
  return { ...plan, primary, guardrails, secondary: [] };
}

/** Why it is not known how much the hosts differ; null where it is, or they are one. */
function unknownHosts(
  kept: readonly KeptRun[],
  run: Measured,
  hostSd: number | undefined,
): string | null {
  if (kept.every(({ measured }) => sameHost(measured, run)) || hostSd !== undefined) return null;
  const hosts = new Set(kept.map(({ measured }) => measured.host.fingerprint));
  if (kept.length >= 4 && hosts.size > 1) return null;
  const there = kept.find(({ measured }) => !sameHost(measured, run))!.measured.host.description;
  return `what was kept on ${there}, this on ${run.host.description}, and nothing says how much hosts differ`;
}

const specOf = (plan: Plan, row: ApartRow): MetricSpec | undefined =>
  [plan.primary, ...plan.guardrails, ...plan.secondary].find(
    (spec) => spec !== null && metricLabel(spec) === row.metric,
  ) ?? undefined;

function bound(rows: readonly ApartRow[], figures: readonly ComparedFigure[], plan: Plan) {
  return rows.flatMap((row, index): { row: ApartRow; judged: BoundComparison }[] => {
    const spec = specOf(plan, row);
    if (spec === undefined || row.role === null) return [];
    const { compared } = figures[index]!;
    const { metric: label, role, stage } = row;
    return [{ row, judged: { ...compared, spec, label, arm: row.arms.after, stage, role } }];
  });
}

function statuses(
  rows: readonly ApartRow[],
  bounds: readonly { readonly row: ApartRow }[],
  judged: readonly MetricComparison[],
  alpha: number,
): ApartRow[] {
  return rows.map((row) => {
    const place = bounds.findIndex((each) => each.row === row);
    if (place < 0) return row;
    const found = judged[place]!;
    return { ...row, margin: found.margin, status: statusOf(found, alpha) };
  });
}

/** What intervals beside a kept run have in them, which is said each time. */
function apartWords(rows: readonly ApartRow[], primary: string, elsewhere: boolean): string {
  const spread = rows.find(({ effect, metric }) => metric === primary && effect !== null)?.spread;
  const where = elsewhere ? "at another time and on another host" : "at another time";
  const told = { runs: "the runs themselves differ by", registered: "is registered of runs" };
  const widened =
    spread === "runs" || spread === "registered"
      ? `intervals are widened by what ${told[spread]}`
      : "how much that makes two runs differ is not known, so intervals are too short";
  return `what was kept was measured ${where}: nothing cancels as it does side by side; ${widened}`;
}

/**
 * A run beside runs that were kept: refused where another thing was measured, and decided by the rules
 * of a run where it is known how much runs, and hosts, differ.
 * @throws USAGE, RUN_INVALID
 */
export function compareWithKept(
  run: NamedRun,
  from: KeptFolder,
  options: BesideOptions,
): ApartReport {
  const { measured } = run;
  const plan = boundBy(planOf(measured), options);
  const { like, warnings } = likeRuns(from, measured);
  const newest = like[0]!.measured;
  const arms = armsOf(newest, measured, options);
  const before = like.map((each) => each.measured);
  const elsewhere = before.some((each) => !sameHost(each, measured));
  const noise = {
    runSd: options.runSd ?? null,
    floorSd: floorOf([...before, measured]),
    hostSd: elsewhere ? (options.hostSd ?? null) : null,
  };
  const confidence = 1 - plan.alpha;
  const figures = levelsApart({ before, after: measured }, arms, { noise, confidence });
  const rows = figures.map((figure) => rowOf(figure, plan, confidence));
  const primary = metricLabel(plan.primary!);
  if (!rows.some(({ metric }) => metric === primary)) {
    const known = [...new Set(rows.map(({ metric }) => metric))].join(", ");
    throw usage(`--metric ${primary} is not among what is kept of a run`, `there is ${known}`);
  }
  const bounds = bound(rows, figures, plan);
  const { rows: judged, verdict } = judgeApart({
    rows: bounds.map((each) => each.judged),
    alpha: plan.alpha,
    confidence,
    invalid: run.failedChecks,
    incompleteBecause: run.incompleteBecause,
    droppedStarts: run.droppedStarts[planOf(measured).arms.indexOf(arms.after)] ?? 0,
    hosts: unknownHosts(like, measured, options.hostSd),
  });
  const { needs, reason } = verdict;
  const decided = { decision: verdict.decision ?? "hold", reason };
  return {
    apartVersion: APART_VERSION,
    tool: { name: "shakedown", version: options.version },
    before: like.map((each) => sideOf(each.path, each.measured)),
    after: sideOf(run.name, measured),
    differences: differencesOf(newest, measured),
    noise,
    levels: statuses(rows, bounds, judged, plan.alpha),
    effects: [],
    verdict: needs === undefined ? decided : { ...decided, needs },
    warnings: [apartWords(rows, primary, elsewhere), ...warnings],
  };
}
