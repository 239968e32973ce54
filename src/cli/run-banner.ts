import { formatCount, formatDurationNs, formatRatePerSec, formatRatio } from "../core/index.ts";
import {
  metricLabel,
  type Plan,
  type PlannedStage,
  type PlanSizing,
  type SizedMetric,
  type SizedStage,
} from "../experiment/index.ts";
import { MIN_BLOCKS } from "../stats/index.ts";
import { labelled, wrapped } from "./text-layout.ts";

const WIDTH = 80;

function armWords({ arms, assignment }: Plan): string {
  const names = arms.join(", ");
  if (arms.length === 1) return `${names}: measured, nothing is compared`;
  if (assignment === undefined) return `${names}: each gets every request, at the same moment`;
  return assignment.kind === "split"
    ? `${names}: users are split between them`
    : `${names}: in turn, ${formatDurationNs(assignment.periodNs)} each`;
}

function judgedWords({ blocks, requests }: SizedStage): string {
  return blocks < MIN_BLOCKS
    ? `too short to judge: ${formatCount(blocks)} blocks, and ${MIN_BLOCKS} are needed`
    : `${formatCount(Math.round(requests))} requests an arm judged`;
}

function stageWords(stage: PlannedStage, { stages }: PlanSizing): string[] {
  const { endNs, fromPerSec, judgedFromNs, name, ratePerSec, startNs } = stage;
  const rate = formatRatePerSec(ratePerSec);
  const sized = stages.find((each) => each.name === name);
  const judged = judgedFromNs !== null && sized !== undefined;
  return [
    name,
    fromPerSec === ratePerSec ? rate : `${formatRatePerSec(fromPerSec)} … ${rate}`,
    formatDurationNs(endNs - startNs),
    judged ? judgedWords(sized) : "not judged",
  ];
}

function stageLines(plan: Plan, sizing: PlanSizing): string[] {
  const rows = plan.stages.map((stage) => stageWords(stage, sizing));
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(([name, rate, length, judged]) =>
    [
      name!.padEnd(widths[0]!),
      rate!.padStart(widths[1]!),
      length!.padStart(widths[2]!),
      judged,
    ].join("  "),
  );
}

function leastWords(rows: readonly SizedMetric[]): string {
  const known = rows.filter(({ mde }) => mde !== null);
  if (known.length === 0) return "unknown before a pilot: --baseline <run> says";
  const [worst] = known.toSorted((a, b) => (b.mde ?? 0) - (a.mde ?? 0));
  return `${formatRatio(worst!.mde!)} in stage ${worst!.stage} (margin ${formatRatio(worst!.margin)})`;
}

/** What would end it early, if anything would. */
function earlyWords({ stages, stop }: Plan): string {
  const rules = [
    ...(stop.harm ? ["harm that is shown"] : []),
    ...(stages.filter(({ judgedFromNs }) => judgedFromNs !== null).length > 1 ? ["a gate"] : []),
    ...(stop.futility ? ["futility"] : []),
    ...(stages.some(({ onBreach }) => onBreach !== undefined)
      ? ["a breach with the load halved to its floor"]
      : []),
  ];
  return rules.length === 0 ? "at nothing" : `at ${rules.join(", ")}`;
}

/**
 * What a run will do, before it does: the claim, the arms, the stages with their rates, how long it
 * takes, and the least effect of the primary metric that it can show with the power that is planned.
 * Lines of at most 80 columns.
 */
export function bannerLines(plan: Plan, sizing: PlanSizing): readonly string[] {
  const runs = plan.runs.length;
  const lengthNs = plan.stages.at(-1)?.endNs ?? 0;
  const [first = "", ...others] = stageLines(plan, sizing);
  const primary = sizing.metrics.filter(({ role }) => role === "primary");
  const { hypothesis } = plan;
  const rows: (readonly [string, string])[] = [
    ...(hypothesis === null ? [] : [["claim", hypothesis.then] as const]),
    ["arms", armWords(plan)],
    ["stages", first],
    ...others.map((line) => ["", line] as const),
    ...(plan.primary === null
      ? []
      : [
          [`least shown`, `${metricLabel(plan.primary)}: ${leastWords(primary)}`] as const,
          ["ends early", earlyWords(plan)] as const,
        ]),
  ];
  const times = runs === 1 ? "" : `${runs} runs of ${formatDurationNs(lengthNs)}, `;
  return [
    `${plan.scenario}: ${times}${formatDurationNs(runs * lengthNs)} in all`,
    ...labelled(rows).flatMap((line) => wrapped(`  ${line}`, WIDTH)),
  ];
}
