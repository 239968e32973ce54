import type { ArmStop } from "./looks/rule-stop.ts";
import { harmOf } from "./comparison-status.ts";
import { type Decision, decide, type Verdict, type VerdictInput } from "./verdict.ts";

/** What is decided of several variants, and of each. */
export interface Verdicts {
  /** The run's own. */
  readonly verdict: Verdict;
  /** By variant; none where one arm is alone. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** A check that does not hold; of one variant alone where it names one. */
interface Failing {
  readonly name: string;
  readonly summary: string;
  readonly arm?: string | undefined;
}

export interface VerdictsInput extends Omit<VerdictInput, "invalid" | "doubts" | "droppedStarts"> {
  /** The plan's, control first. */
  readonly arms: readonly string[];
  readonly invalid: readonly Failing[];
  readonly doubts: readonly Failing[];
  /** By arm: planned starts that were not made, but for those of a load that was cut. */
  readonly droppedStarts: readonly number[];
  /** Variants whose load was cut while others went on. */
  readonly cuts: readonly ArmStop[];
  /**
   * Of a run that is not whole, whether it was merely ended, so that what a variant was cut for before
   * stands; not where files are damaged.
   */
  readonly cutsStand: boolean;
}

const armOf = (subject: string): string => subject.split(" ")[0] ?? "";

/** What is decided of one variant, from what is said of it, of the control, and of all. */
function verdictOf(input: VerdictsInput, variant: number): Verdict {
  const { arms, cuts, droppedStarts } = input;
  const arm = arms[variant]!;
  const cut = cuts.find((each) => each.arm === arm);
  const others = new Set(arms.slice(1).filter((each) => each !== arm));
  const ofIt = (rows: readonly Failing[]): readonly Failing[] =>
    rows.filter((row) => row.arm === undefined || row.arm === arm);
  return decide({
    ...input,
    comparisons: input.comparisons.filter((row) => !others.has(row.arm ?? "")),
    findings: input.findings.filter(({ subject }) => !others.has(armOf(subject))),
    invalid: ofIt(input.invalid),
    doubts: ofIt(input.doubts),
    incompleteBecause: cut !== undefined && input.cutsStand ? null : input.incompleteBecause,
    stoppedBy: cut ?? input.stoppedBy,
    droppedStarts: droppedStarts[0]! + droppedStarts[variant]!,
  });
}

/** The primary metric's estimates, harm above 0, in the last judged stage; for an order alone. */
function primaryHarm({ comparisons }: VerdictsInput, arm: string): number {
  const last = comparisons.findLast((row) => row.role === "primary" && row.arm === arm);
  return last === undefined ? Infinity : (harmOf(last) ?? Infinity);
}

const list = (rows: readonly (readonly [string, Verdict])[]): string =>
  rows.map(([arm, { reason }]) => `${arm}: ${reason}`).join("; ");

/** Of variants with verdicts of their own: one that ships, else one that holds, else all roll back. */
function together(input: VerdictsInput, rows: readonly (readonly [string, Verdict])[]): Verdict {
  const [first] = rows;
  // What is wrong with all is said once.
  if (rows.every(([, { reason }]) => reason === first![1].reason)) return first![1];
  const having = (wanted: Decision) => rows.filter(([, { decision }]) => decision === wanted);
  const ships = having("ship").toSorted(
    ([a], [b]) => primaryHarm(input, a) - primaryHarm(input, b),
  );
  const holds = having("hold");
  const named = (some: typeof rows): string => some.map(([arm]) => arm).join(", ");
  const rolledBack = having("roll-back");
  if (ships.length > 0) {
    const label = input.comparisons.find(({ role }) => role === "primary")?.label ?? "the primary";
    const best = ships.length === 1 ? "" : `, best by ${label} first`;
    const held = holds.length === 0 ? "" : `; held: ${named(holds)}`;
    const back = rolledBack.length === 0 ? "" : `; rolled back: ${named(rolledBack)}`;
    const reason = `may ship${best}: ${named(ships)} (${ships[0]![1].reason})${held}${back}`;
    return { decision: "ship", reason };
  }
  const [undecided] = holds;
  const { needs } = (undecided ?? first!)[1];
  const whose = undecided === undefined ? "" : `${undecided[0]}: `;
  const next = needs === undefined ? {} : { needs: `${whose}${needs}` };
  if (undecided === undefined) {
    return { decision: "roll-back", reason: `no variant is well: ${list(rows)}`, ...next };
  }
  const back = rolledBack.length === 0 ? "" : `; rolled back: ${named(rolledBack)}`;
  return { decision: "hold", reason: `no variant may ship yet: ${list(holds)}${back}`, ...next };
}

/**
 * A verdict for each variant, and the run's own: ship where at least one variant may, else hold where
 * one holds, else roll back. With one variant the run's is the variant's. What is said of the control,
 * or of all, is said of each variant; what is said of another variant is not.
 *
 * The chance that any variant is rolled back, or ships, falsely stays what the plan says: harm tests are
 * one family (`adjustHarmTests`), and intervals are as sure as `familyConfidence` makes them. Of several
 * that may ship, which is best is an order of estimates and no test.
 */
export function decideArms(input: VerdictsInput): Verdicts {
  const { arms, droppedStarts } = input;
  const variants = input.hypothesis === null ? [] : arms.slice(1);
  if (variants.length === 0) {
    const dropped = droppedStarts.reduce((sum, count) => sum + count, 0);
    return { verdict: decide({ ...input, droppedStarts: dropped }), verdicts: new Map() };
  }
  const rows = variants.map((arm, index) => [arm, verdictOf(input, index + 1)] as const);
  const verdict = rows.length === 1 ? rows[0]![1] : together(input, rows);
  return { verdict, verdicts: new Map(rows) };
}
