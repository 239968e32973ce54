import { formatCount } from "../core/index.ts";
import { amount } from "./amount.ts";
import { type ComparisonStatus, type JudgedComparison, statusOf } from "./comparison-status.ts";
import type { RuleStop } from "./looks/rule-stop.ts";

export type Decision = "ship" | "hold" | "roll-back";

export interface VerdictFinding {
  readonly detector: string;
  readonly subject: string;
  /** `shared`: control has as much of it, so that it is no reason against the variant. */
  readonly status: "pass" | "inconclusive" | "fail" | "shared";
  /** The sickness in a few words, with its size. */
  readonly cause?: string;
  readonly summary: string;
}

export interface VerdictInput {
  readonly alpha: number;
  /** Null where nothing is compared, else what is to be decided. */
  readonly hypothesis: unknown;
  readonly arms?: readonly string[];
  readonly comparisons: readonly JudgedComparison[];
  readonly findings: readonly VerdictFinding[];
  /** Instrument checks that failed, each a reason to believe nothing. */
  readonly invalid: readonly { readonly name: string; readonly summary: string }[];
  /** Checks that leave a doubt: harm may be shown all the same, the want of harm may not. */
  readonly doubts: readonly { readonly name: string; readonly summary: string }[];
  /** Why the run is not whole, if it is not. */
  readonly incompleteBecause: string | null;
  /** The plan's own rule that ended the run before its time, if one did. */
  readonly stoppedBy?: RuleStop | undefined;
  /** How the load was halved before the end, since harm was suspected, if it was. */
  readonly throttled?: string | undefined;
  /** How somebody held the ramp, so that less was sent than is planned, if they did. */
  readonly held?: string | undefined;
  readonly replicated: boolean;
  readonly droppedStarts: number;
}

export interface Verdict {
  /** Null where there is nothing to decide: arms measured well, and not compared. */
  readonly decision: Decision | null;
  readonly reason: string;
  readonly needs?: string;
}

/** `error_ratio changed by +2.31 pp [+1.9 pp, +2.7 pp] in stage everybody (margin 0.5 pp)`. */
function describe({ effect, label, margin, minimumEffect, stage }: JudgedComparison): string {
  if (effect === null) return `${label} in stage ${stage}`;
  const { estimate, high, kind, low } = effect;
  const claimed =
    minimumEffect === undefined ? "" : `a gain of ${amount(minimumEffect, kind, false)} claimed, `;
  return (
    `${label} changed by ${amount(estimate, kind)} [${amount(low, kind)}, ${amount(high, kind)}] ` +
    `in stage ${stage} (${claimed}margin ${amount(margin, kind, false)})`
  );
}

const sickness = ({ cause, summary }: VerdictFinding): string => cause ?? summary;

const inShort = ({ cause, subject, summary }: VerdictFinding): string =>
  cause === undefined ? summary : `${cause} in ${subject.split(" ")[0]}`;

/** A sickness with every metric shown to be well is a reason to look, not yet one to roll back. */
function sickButWell(failing: readonly VerdictFinding[]): Verdict {
  return {
    decision: "hold",
    reason: `${failing.map(inShort).join("; ")}, though every metric is within its margin`,
    needs: "a look at the cause, or a stage with more load, where it would show",
  };
}

function rollBack(input: VerdictInput, harmed: readonly JudgedComparison[]): Verdict | null {
  const failing = input.findings.filter((finding) => finding.status === "fail");
  if (failing.length === 0 && harmed.length === 0) return null;
  const well = input.comparisons.every((row) =>
    ["within-margin", "small-harm", "improved"].includes(statusOf(row, input.alpha)),
  );
  if (well && input.comparisons.length > 0) return sickButWell(failing);
  const causes = failing.map(inShort);
  const harms = harmed.map(describe);
  const more = harms.length > 3 ? `; and ${harms.length - 3} more` : "";
  if (harms.length > 0) causes.push(`harm is shown: ${harms.slice(0, 3).join("; ")}${more}`);
  return {
    decision: "roll-back",
    reason: causes.join("; "),
    needs: "mend the cause, then run the same plan again",
  };
}

function undecidedWords(undecided: readonly JudgedComparison[]): { reason: string; needs: string } {
  const first = undecided[0]!;
  const more = undecided.length > 1 ? ` (and ${undecided.length - 1} more)` : "";
  if (first.effect === null) {
    const why = first.warnings[0] ?? "too little was measured";
    return {
      reason: `not judged: ${describe(first)}: ${why}${more}`,
      needs: "longer stages, or a higher rate",
    };
  }
  if (first.minimumEffect !== undefined) {
    return {
      reason: `underpowered: a gain is neither shown nor excluded: ${describe(first)}${more}`,
      needs: "longer stages, or more runs",
    };
  }
  return {
    reason: `underpowered: harm beyond the margin is neither shown nor excluded: ${describe(first)}${more}`,
    needs: "longer stages, or more runs",
  };
}

/** What was claimed is shown not to be so. */
function refuted(rows: readonly JudgedComparison[]): Verdict {
  return {
    decision: "hold",
    reason: `refuted: the gain that was claimed is excluded: ${rows.map(describe).join("; ")}`,
    needs: "a decision whether so little is worth the change; more of the same shows no more",
  };
}

const ON_TIME = "a quieter machine, more cores, or a lower rate";

/** What settles a doubt, by the check that leaves it. */
const DOUBT_NEEDS: Readonly<Record<string, string>> = {
  "generator saturated": ON_TIME,
  "emulator late": ON_TIME,
  drift: "a run that is long enough for the difference to settle",
  "few keys": "longer stages, or a profile with more users",
  "answered ratio": "a look at what one arm alone leaves unanswered",
  interference: "arms that do not get in each other's way",
};

function hold(input: VerdictInput, undecided: readonly JudgedComparison[]): Verdict | null {
  if (input.throttled !== undefined) {
    return {
      decision: "hold",
      reason: `throttled: ${input.throttled}`,
      needs:
        "a look at what got worse: the planned load is not shown to be well, harm not shown either",
    };
  }
  if (input.held !== undefined) {
    return {
      decision: "hold",
      reason: `paused: ${input.held}`,
      needs: "the same run again, without a pause: what was sent is not the plan",
    };
  }
  if (input.comparisons.length === 0) {
    return { decision: "hold", reason: "nothing was judged", needs: "a stage that is judged" };
  }
  const failed = input.comparisons.filter((row) => statusOf(row, input.alpha) === "no-gain");
  if (failed.length > 0) return refuted(failed);
  if (undecided.length > 0) return { decision: "hold", ...undecidedWords(undecided) };
  // What could not be judged for want of calls says nothing; a suspicion, or a crash, does.
  const unsure = input.findings.find(
    ({ cause, status }) => status === "inconclusive" && cause !== undefined,
  );
  if (unsure !== undefined) {
    return { decision: "hold", reason: `inconclusive: ${unsure.summary}` };
  }
  const [doubt] = input.doubts;
  if (doubt !== undefined) {
    return {
      decision: "hold",
      reason: `${doubt.name}: ${doubt.summary}`,
      needs: DOUBT_NEEDS[doubt.name] ?? "what the check asks for",
    };
  }
  if (input.droppedStarts > 0) {
    const one = input.droppedStarts === 1;
    return {
      decision: "hold",
      reason: one
        ? "1 planned start was dropped, so what it would have met is not known"
        : `${formatCount(input.droppedStarts)} planned starts were dropped, so what they would have met is not known`,
      needs: "a higher inFlightMax, or a lower rate",
    };
  }
  if (!input.replicated) {
    return {
      decision: "hold",
      reason: "unreplicated: one run cannot tell a change from the luck of its processes",
      needs:
        "several runs (design.runs); or A/A runs of this host, by `shakedown calibrate` and design.calibration (of a share, several runs alone tell)",
    };
  }
  return null;
}

/** What a whole, sound run has shown. */
function shownWords(improved: readonly JudgedComparison[]): string {
  const within = "every metric is shown to be within its margin";
  if (improved.length === 0) return within;
  const gains = improved.map(describe).join("; ");
  return `the gain that was claimed is shown: ${gains}; ${within.replace("metric", "other metric")}`;
}

const incomplete = (because: string): Verdict => ({
  decision: "hold",
  reason: `incomplete: ${because}`,
  needs: "a whole run of the same plan",
});

/** A rule that was registered before has decided; what was measured after it is no evidence. */
function stoppedEarly({ because, decision, rule }: RuleStop): Verdict {
  if (rule === "gone") return incomplete(because);
  const needs =
    decision === "roll-back"
      ? "mend the cause, then run the same plan again"
      : "longer stages, or a higher rate";
  return { decision, reason: `stopped early: ${rule}: ${because}`, needs };
}

/** What somebody has decided stands, whatever was measured, and is told apart from what was shown. */
const byPerson = ({ because, decision }: RuleStop): Verdict => ({
  decision,
  reason: `${because}; no rule of the plan has decided, and what was measured has no say in it`,
  needs: "a whole run of the same plan, should the measurement decide",
});

/**
 * The decision, with one reason. A run that is not whole, what a person decided while it went on, or an
 * instrument that failed come first: nothing is believed then, neither good nor bad. Ship needs every
 * primary and guardrail within its margin (or improved, where that was claimed) in every judged stage,
 * and no finding against it.
 */
export function decide(input: VerdictInput): Verdict {
  if (input.incompleteBecause !== null) return incomplete(input.incompleteBecause);
  if (input.stoppedBy?.rule === "person") return byPerson(input.stoppedBy);
  if (input.invalid.length > 0) {
    const reasons = input.invalid.map(({ name, summary }) => `${name}: ${summary}`).join("; ");
    const only = (wanted: string): boolean => input.invalid.every(({ name }) => name === wanted);
    const elsewhere = only("negative control")
      ? "a look at what is sent: both arms must get the same requests"
      : ON_TIME;
    return {
      decision: "hold",
      reason: reasons,
      needs: only("answers") ? "a target that answers" : elsewhere,
    };
  }
  if (input.hypothesis === null) {
    const dropped = input.droppedStarts;
    const drops = dropped === 0 ? "" : `; ${formatCount(dropped)} planned starts were dropped`;
    const who = input.arms?.[1] === undefined ? "one arm was" : "arms were";
    return { decision: null, reason: `${who} measured, and nothing is compared${drops}` };
  }
  const binding = input.comparisons.filter((comparison) => comparison.role !== "secondary");
  const bound = { ...input, comparisons: binding };
  const withStatus = binding.map((comparison) => ({
    comparison,
    status: statusOf(comparison, input.alpha),
  }));
  const having = (...wanted: ComparisonStatus[]): JudgedComparison[] =>
    withStatus.filter(({ status }) => wanted.includes(status)).map(({ comparison }) => comparison);
  if (input.stoppedBy !== undefined) return stoppedEarly(input.stoppedBy);
  const notShip = rollBack(bound, having("harm")) ?? hold(bound, having("inconclusive"));
  if (notShip !== null) return notShip;
  const small = having("small-harm").map(describe);
  const noted = small.length === 0 ? "" : `; worse, though tolerated: ${small.join("; ")}`;
  const both = input.findings.filter(({ status }) => status === "shared");
  const shared = both.length === 0 ? "" : `; in both arms: ${both.map(sickness).join("; ")}`;
  return {
    decision: "ship",
    reason: `${shownWords(having("improved"))} in every judged stage${noted}${shared}`,
  };
}
