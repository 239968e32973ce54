import {
  formatBytes,
  formatCount,
  formatRatePerSec,
  formatRatio,
  formatUs,
} from "../core/index.ts";
import type { ArmRow, ComparisonRow, FindingRow, Result } from "./model.ts";

/* The words and numbers that all formats share, so that a page and a terminal never disagree. */

/** What a run came to: a decision, or, with one arm alone, just measurements. */
export type Outcome = NonNullable<Result["decision"]> | "measured";

export const outcomeOf = ({ decision }: Pick<Result, "decision">): Outcome =>
  decision ?? "measured";

export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  measured: "Measured",
  ship: "Ship",
  hold: "Hold",
  "roll-back": "Roll back",
};

export const STATUS_WORDS: Readonly<Record<ComparisonRow["status"], string>> = {
  "within-margin": "within margin",
  harm: "harm",
  "small-harm": "small harm",
  improved: "improved",
  "no-gain": "no such gain",
  inconclusive: "inconclusive",
};

export const FINDING_WORDS: Readonly<Record<FindingRow["status"], string>> = {
  fail: "fail",
  inconclusive: "inconclusive",
  shared: "in both arms",
  pass: "pass",
};

/** Stands where there is nothing to show. */
export const NOTHING = "–";

const withMinus = (text: string): string => text.replace(/^-/, "−");

/** Captured or configured text on one line, without the characters that steer a terminal or a reader's eye. */
export function plainText(text: string, lengthMax = 2_000): string {
  const oneLine = text
    // oxlint-disable-next-line no-control-regex -- control characters are what must go
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
    .replaceAll(/\p{Cf}/gu, "")
    .trim();
  return oneLine.length <= lengthMax ? oneLine : `${oneLine.slice(0, lengthMax - 1).trimEnd()}…`;
}

/** Keeps a number and its unit on one line, with a no-break space between them. */
export function keepUnits(text: string): string {
  return text.replaceAll(/(\d) (?=(?:%|pp|ns|µs|ms|s|m|h|B|kB|MB|GB)(?![\p{L}\d]))/gu, "$1\u00a0");
}

/** A metric's name for people: `response_time_p95@pool=1,load=4` → `p95 response time, pool=1, load=4`. */
export function metricWords(label: string): string {
  const [metric = "", ...parts] = label.split("@");
  // Levels of factors; a segment's name is what somebody has called it.
  const told = parts.map((part) => (part.includes("=") ? part.replaceAll(",", ", ") : part));
  return [wordsOf(metric), ...told].join(", ");
}

/** Whether there are several variants, so that it has to be said which one something is of. */
export const hasVariants = ({ arms }: Pick<Result, "arms">): boolean =>
  Object.keys(arms).length > 2;

function wordsOf(metric: string): string {
  const time = /^(response|service)_time_(p\d+(?:\.\d+)?|mean)$/.exec(metric);
  if (time !== null) return capital(`${time[2]} ${time[1]} time`);
  const called = /^(?:amplification|calls_per_request):(.+)$/.exec(metric);
  if (called !== null) return `Calls per request to ${called[1]}`;
  const priced = /^cost(?::(.+))?$/.exec(metric);
  if (priced !== null)
    return `Cost ${priced[1] === undefined ? "" : `of ${priced[1]} `}per 1,000 requests`;
  const late = /^(drift|leak):(.+)$/.exec(metric);
  if (late !== null) {
    return late[1] === "drift"
      ? `Drift of ${wordsOf(late[2]!)}`
      : `Leak of ${late[2]!.replaceAll("_", " ")}`;
  }
  if (metric === "peak_rss") return "Peak memory";
  if (metric === "response_equality") return "Answers that differ";
  if (metric === "cpu_seconds") return "CPU seconds per 1,000 requests";
  const kept = /^(slo_attainment|goodput):(.+)$/.exec(metric);
  if (kept !== null)
    return `${kept[1] === "goodput" ? "Goodput" : "Answered well"} within ${kept[2]}`;
  // What a target calls its own is left as it is.
  if (metric.startsWith("otel:")) return metric.slice("otel:".length);
  const spaced = metric.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function decimals(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = value.toLocaleString("en-US", { maximumFractionDigits: digits });
  return withMinus(text === "-0" ? "0" : text);
}

/** One arm's value of a metric, with its unit. */
export function formatValue(unit: ComparisonRow["unit"], value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  if (unit === "us") return formatUs(value);
  if (unit === "ratio") return formatRatio(value);
  if (unit === "per second") return formatRatePerSec(value);
  if (unit === "bytes per request") return formatBytes(value);
  if (unit === "MB") return formatBytes(value * 1e6);
  if (unit === "MB per hour") {
    return `${value < 0 ? "−" : ""}${formatBytes(Math.abs(value) * 1e6)}/h`;
  }
  const text = withMinus(value.toLocaleString("en-US", { maximumSignificantDigits: 3 }));
  return unit === "per hour" ? `${text}/h` : text;
}

/** A number on a comparison's effect scale: `+620 %`, `+2.31 pp` (percentage points), `+0.4`. */
export function formatEffect(
  row: Pick<ComparisonRow, "effect" | "unit">,
  value: number,
  signed = true,
): string {
  const kind = row.effect?.kind ?? (row.unit === "ratio" ? "difference" : "relative");
  const text = (() => {
    if (kind === "relative") return `${decimals(value * 100)} %`;
    if (row.unit === "ratio") return `${decimals(value * 100)} pp`;
    return row.unit === "us" ? withMinus(formatUs(value)) : decimals(value);
  })();
  return signed && value > 0 && !text.startsWith("0 ") && text !== "0" ? `+${text}` : text;
}

/** Whether the interval leaves no doubt that the arms differ. When not, reports print `~`. */
export function differenceShown(row: Pick<ComparisonRow, "effect">): boolean {
  return row.effect !== null && (row.effect.low > 0 || row.effect.high < 0);
}

/** `+541 … +712 %`, the unit once where both ends have it; a dash when nothing was judged. */
export function intervalWords(row: Pick<ComparisonRow, "effect" | "unit">): string {
  if (row.effect === null) return NOTHING;
  const [low, high] = [formatEffect(row, row.effect.low), formatEffect(row, row.effect.high)];
  const unitOf = (text: string): string => / .+$/.exec(text)?.[0] ?? "";
  const sameUnit = unitOf(low) === unitOf(high);
  return `${sameUnit ? low.slice(0, low.length - unitOf(low).length) : low} … ${high}`;
}

/** `95 %` */
export function confidenceWords(confidence: number): string {
  return `${decimals(confidence * 100)} %`;
}

/** What became of a comparison, in a sentence. */
export function comparisonSentence(row: ComparisonRow): string {
  const name = metricWords(row.metric);
  const margin = formatEffect(row, row.margin, false);
  const whose = row.arm === "variant" ? "the variant" : row.arm;
  const values = `${formatValue(row.unit, row.control)} in control, ${formatValue(row.unit, row.variant)} in ${whose}`;
  if (row.effect === null) return `${name}: ${values}; too little to judge against ${margin}.`;
  const change = differenceShown(row)
    ? `a change of ${formatEffect(row, row.effect.estimate)}`
    : "no difference shown";
  const interval = `${confidenceWords(row.effect.confidence)} interval ${intervalWords(row)}`;
  return `${name}: ${values}; ${change} (${interval}) against a margin of ${margin}.`;
}

/**
 * The parts of the traffic in which a difference is shown, the surest first, a line each:
 * `GET /basket: p90 response time +12 % [+8 … +16 %] in stage everybody`.
 */
export function partSentences({ parts }: Pick<Result, "parts">): string[] {
  const shown = parts.filter((part) => part.shown);
  const several = new Set(parts.map(({ arm }) => arm)).size > 1;
  return shown
    .toSorted((a, b) => (a.adjustedP ?? 1) - (b.adjustedP ?? 1))
    .map((part) => {
      const change = formatEffect(part, part.effect?.estimate ?? Number.NaN);
      const place = part.by === "segment" ? `segment ${part.name}` : part.name;
      const name = several ? `${part.arm}, ${place}` : place;
      const metric = wordsOf(part.metric);
      return `${name}: ${metric} ${change} [${intervalWords(part)}] in stage ${part.stage}`;
    });
}

/** Stands above them. */
export const PARTS_HEADING =
  "Parts that differ (exploratory: a place to look, one in ten is chance)";

/** Variant by variant: the primary first, then guardrails, then secondaries; within a role as they stand. */
export function rankedComparisons(result: Result): readonly ComparisonRow[] {
  const rank = { primary: 0, guardrail: 1, secondary: 2 } as const;
  const order = Object.keys(result.arms);
  return result.comparisons.toSorted(
    (a, b) => order.indexOf(a.arm) - order.indexOf(b.arm) || rank[a.role] - rank[b.role],
  );
}

/** Failures first, those with a named cause before the others; passes last. */
export function rankedFindings(result: Result): readonly FindingRow[] {
  const rank = { fail: 0, inconclusive: 2, shared: 4, pass: 6 } as const;
  const of = (finding: FindingRow): number =>
    rank[finding.status] + (finding.cause === undefined ? 1 : 0);
  return result.findings.toSorted((a, b) => of(a) - of(b));
}

/** The failing finding that explains the verdict, when there is one; none where a variant ships. */
export function leadFinding(result: Result): FindingRow | undefined {
  if (hasVariants(result) && result.decision === "ship") return undefined;
  return rankedFindings(result).find((finding) => finding.status === "fail");
}

/** The arms with their names, control first. */
export function orderedArms(result: Result): readonly (readonly [string, ArmRow])[] {
  const isControl = ([name]: readonly [string, ArmRow]): number => (name === "control" ? 0 : 1);
  return Object.entries(result.arms).toSorted((a, b) => isControl(a) - isControl(b));
}

/** The ledger of an arm: `10,438 = 10,400 + 30 + 8`, and by how many it fails to add up. */
export function ledgerOf(arm: Pick<ArmRow, "planned" | "responses" | "errors" | "dropped">): {
  readonly equation: string;
  readonly missing: number;
} {
  const { planned, responses, errors, dropped } = arm;
  const missing = planned - responses - errors - dropped;
  const sum = [responses, errors, dropped].map(formatCount).join(" + ");
  return { equation: `${formatCount(planned)} ${missing === 0 ? "=" : "≠"} ${sum}`, missing };
}

/**
 * How well the generator kept the plan, and whose doing it was where it did not:
 * `offered 500/s, started 499/s; 0.2 % late by more than 1 ms (generator 3, connections 0), worst 4 ms`.
 */
export function punctualityWords(arm: ArmRow): string {
  const started = arm.responses + arm.errors;
  const { dropCounts, lateStarts, ratePerSec, startLagUs } = arm;
  const capped = dropCounts["in-flight-cap"] ?? 0;
  const died = dropCounts["generator-died"] ?? 0;
  const cut = dropCounts["arm-cut"] ?? 0;
  const halved = dropCounts["throttled"] ?? 0;
  const halvedWords = halved === 0 ? "" : ` (${formatCount(halved)} not sent: the load was halved)`;
  const held = dropCounts["held"] ?? 0;
  const heldWords = held === 0 ? "" : ` (${formatCount(held)} not sent: the ramp was held)`;
  const cutWords = cut === 0 ? "" : ` (${formatCount(cut)} not sent: its load was cut)`;
  const cappedWords =
    capped === 0 ? "" : ` (${formatCount(capped)} not sent: the target had too many unanswered)`;
  const diedWords = died === 0 ? "" : ` (${formatCount(died)} lost with a generator that died)`;
  const drops = cappedWords + diedWords + cutWords + halvedWords + heldWords;
  const rates = `offered ${formatRatePerSec(ratePerSec.offered)}, started ${formatRatePerSec(ratePerSec.started)}${drops}`;
  if (started === 0) return rates;
  const late = lateStarts.generator + lateStarts.connection;
  const worst = `worst ${formatUs(startLagUs.max)}`;
  if (late === 0) return `${rates}; none late by more than 1 ms, ${worst}`;
  const share = formatRatio(late / started);
  const whose = `generator ${formatCount(lateStarts.generator)}, no free connection ${formatCount(lateStarts.connection)}`;
  return `${rates}; ${share} late by more than 1 ms (${whose}), ${worst}`;
}

/** A response time of an arm or route; a dash when nothing was answered or timed out. */
export function formatArmUs(
  arm: { readonly responses: number; readonly errors: number },
  valueUs: number,
): string {
  return arm.responses + arm.errors === 0 ? NOTHING : formatUs(valueUs);
}

/** `timeout × 12, reset × 3`, the commonest first, without zeros; a dash when there is none. */
export function countsWords(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  if (some.length === 0) return NOTHING;
  return some
    .toSorted((a, b) => b[1] - a[1])
    .map(([name, count]) => `${plainText(name, 80)} × ${formatCount(count)}`)
    .join(", ");
}

/** One piece of a finding's evidence. */
export function evidenceWords(value: FindingRow["evidence"][string]): string {
  if (value === null) return NOTHING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return plainText(value);
  if (!Number.isFinite(value)) return NOTHING;
  return withMinus(value.toLocaleString("en-US", { maximumSignificantDigits: 4 }));
}

/** `inFlightMax` → `in flight max`: evidence keys as words. */
export function keyWords(key: string): string {
  return key
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();
}

/** A capital for the first letter, unless it begins a percentile such as p95. */
export const capital = (text: string): string =>
  /^p\d/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
