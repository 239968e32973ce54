import { ShakedownError } from "../../core/index.ts";
import { APART_VERSION, type ApartReport, type ApartSide } from "../../report/index.ts";
import { commitOf, differencesOf, sameHost } from "./differences.ts";
import { type Measured, planOf, type SoundOrNot } from "./measured.ts";
import { type ArmsApart, effectsApart, effectSd, levelsApart, rowOf } from "./rows.ts";

/** What is registered of noise by whoever compares, on the log scale. */
export interface NoiseFlags {
  readonly runSd?: number;
  readonly hostSd?: number;
}

export interface NamedRun extends SoundOrNot {
  /** As it was named. */
  readonly name: string;
}

export function sideOf(name: string, measured: Measured): ApartSide {
  const { decision, host, run, tool } = measured;
  const { id, profile, runs, scenario, startedAt } = run;
  const of = { name, runId: id, scenario, profile, startedAt, runs, host: { ...host } };
  return { ...of, commit: commitOf(measured), version: tool.version, decision };
}

/** SD of what an arm shows in a run, at the least: arms side by side differ by √2 of what processes do. */
export const floorOf = (measured: readonly Measured[]): number =>
  Math.max(0, ...measured.map((each) => planOf(each).betweenRunSd ?? 0)) / Math.SQRT2;

/** Arms of the same name; the only arm of both, whatever it is called. */
function armsOf(before: Measured, after: Measured): ArmsApart[] {
  const [was, is] = [planOf(before).arms, planOf(after).arms];
  const same = is.filter((arm) => was.includes(arm)).map((arm) => ({ before: arm, after: arm }));
  const alone = was.length === 1 && is.length === 1;
  return same.length === 0 && alone ? [{ before: was[0]!, after: is[0]! }] : same;
}

const soundness = ({ failedChecks, incompleteBecause, name }: NamedRun): string[] => [
  ...(incompleteBecause === null ? [] : [`${name} is incomplete: ${incompleteBecause}`]),
  ...failedChecks.map(({ name: check, summary }) => `${name}, ${check}: ${summary}`),
];

/**
 * Two runs beside each other: in what they differ, then each arm that both have, and what both say of
 * the same variant. Nothing is decided, and a run that was not sound is compared all the same, and told.
 * @throws USAGE for a run and itself
 */
export function compareTwo(
  before: NamedRun,
  after: NamedRun,
  given: NoiseFlags & { readonly version: string },
): ApartReport {
  if (before.measured.run.id === after.measured.run.id) {
    throw new ShakedownError("USAGE", `${before.name} and ${after.name} are the same run`, {
      hint: "name two runs; a run's own control and variant are in its report",
    });
  }
  const sides = { before: [before.measured], after: after.measured };
  const plan = planOf(after.measured);
  const confidence = 1 - plan.alpha;
  const hostSd = sameHost(before.measured, after.measured) ? null : (given.hostSd ?? null);
  const floorSd = floorOf([before.measured, after.measured]);
  const noise = { runSd: given.runSd ?? null, floorSd, hostSd };
  const arms = armsOf(before.measured, after.measured);
  const levels = arms.flatMap((pair) => levelsApart(sides, pair, { noise, confidence }));
  const betweenRunSd = effectSd(sides.before, after.measured);
  const variants = arms.filter(({ after: arm, before: was }) => arm === was && arm !== "control");
  const effects = variants.flatMap(({ after: arm }) =>
    effectsApart(sides, arm, { betweenRunSd, confidence }),
  );
  const none = arms.length === 0 ? ["the runs have no arm in common: no metric is compared"] : [];
  return {
    apartVersion: APART_VERSION,
    tool: { name: "shakedown", version: given.version },
    before: [sideOf(before.name, before.measured)],
    after: sideOf(after.name, after.measured),
    differences: differencesOf(before.measured, after.measured),
    noise,
    levels: levels.map((row) => rowOf(row, plan, confidence)),
    effects: effects.map((row) => rowOf(row, plan, confidence)),
    verdict: null,
    warnings: [...soundness(before), ...soundness(after), ...none],
  };
}
