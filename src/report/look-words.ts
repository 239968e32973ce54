import {
  NS_PER_MS,
  NS_PER_S,
  formatDurationNs,
  formatRatePerSec,
  formatRatio,
} from "../core/index.ts";
import type { ComparisonRow, Result } from "./model.ts";
import { hasVariants, metricWords, NOTHING, STATUS_WORDS } from "./words.ts";

type Look = NonNullable<Result["looks"]>[number];
type Gate = NonNullable<Result["gates"]>[number];

/** What a stage of a run that was judged while it went on came to, of several variants for each. */
export interface StageDecision {
  /** Of several variants with whose it is. */
  readonly stage: string;
  readonly decision: Gate["decision"] | "stopped" | "verdict";
  readonly words: string;
  /** What a gate could not find well, else empty. */
  readonly because: string;
  /** The metric that came nearest to its boundary, and its e-value against it. */
  readonly nearest: string;
  readonly evidence: string;
}

const GATE_WORDS = { "go-on": "go on", hold: "hold", "roll-back": "roll back" } as const;
const WELL = new Set<unknown>(["within-margin", "small-harm", "improved"]);

/** e to the power of `ln`, in as many figures as anybody needs: `0.42`, `1,600`, `10^12`. */
function eValueWords(ln: number): string {
  if (ln >= Math.log(1e6)) return `10^${Math.floor(ln / Math.LN10)}`;
  return Math.exp(ln).toLocaleString("en-US", { maximumSignificantDigits: 3 });
}

const isStatus = (status: unknown): status is ComparisonRow["status"] =>
  typeof status === "string" && status in STATUS_WORDS;

function becauseOf({ decision, metrics }: Gate): string {
  if (decision === "go-on") return "";
  return metrics
    .filter(({ status }) => (decision === "hold" ? !WELL.has(status) : status === "harm"))
    .map(({ metric, status }) => {
      const found = isStatus(status) ? STATUS_WORDS[status] : NOTHING;
      return `${metricWords(String(metric))}: ${found}`;
    })
    .join(", ");
}

function nearestOf(looks: readonly Look[]): Pick<StageDecision, "nearest" | "evidence"> {
  const [nearest] = looks.toSorted((a, b) => b.lnE - b.lnBoundary - (a.lnE - a.lnBoundary));
  if (nearest === undefined) return { nearest: NOTHING, evidence: NOTHING };
  const { blocks, lnBoundary, lnE, metric } = nearest;
  const evidence = `${eValueWords(lnE)} / ${eValueWords(lnBoundary)} (${blocks} blocks)`;
  return { nearest: metricWords(metric), evidence };
}

/** Of one variant: its gates, and its last stage as the rule that ended it, or the verdict, has it. */
function decisionsOf(result: Result, arm: string): StageDecision[] {
  const { cuts = [], stoppedEarly } = result;
  const looks = (result.looks ?? []).filter((each) => each.arm === arm);
  const gates = (result.gates ?? []).filter((each) => each.arm === arm);
  const cut = cuts.find((each) => each.arm === arm);
  const stopped = cut ?? stoppedEarly;
  const stages = [...new Set([...looks, ...gates].map(({ stage }) => stage))];
  return stages.map((stage, index) => {
    const gate = gates.find((each) => each.stage === stage);
    const seen = nearestOf(looks.filter((each) => each.stage === stage));
    const place = hasVariants(result) ? `${arm}, ${stage}` : stage;
    if (gate !== undefined) {
      const { decision } = gate;
      const words = GATE_WORDS[decision];
      return { stage: place, decision, words, because: becauseOf(gate), ...seen };
    }
    if (stopped === undefined || index < stages.length - 1) {
      return { stage: place, decision: "verdict", words: "the verdict", because: "", ...seen };
    }
    const words = `${cut === undefined ? "stopped" : "cut"}: ${stopped.rule}`;
    return { stage: place, decision: "stopped", words, because: "", ...seen };
  });
}

/** Of runs with gates, or that a rule of the plan has ended or cut: what was decided, stage by stage. */
export function stageDecisions(result: Result): StageDecision[] {
  const { cuts = [], gates = [], looks = [], stoppedEarly, throttlings = [] } = result;
  const halved = throttlings.length > 0;
  if (gates.length === 0 && cuts.length === 0 && stoppedEarly === undefined && !halved) return [];
  const arms = [...new Set([...looks, ...gates].map(({ arm }) => arm))];
  return arms.flatMap((arm) => decisionsOf(result, arm));
}

const timeWords = (ms: number): string => formatDurationNs(Math.round(ms) * NS_PER_MS);

/** Why a run, or one of several variants, ended before its time, and how soon nothing was sent any more. */
export function stopSentence(result: Result): string | null {
  const said = [
    ...heldSentences(result),
    ...throttleSentences(result),
    whyEnded(result) ?? "",
  ].filter((each) => each !== "");
  return said.length === 0 ? null : said.join(" ");
}

/** When somebody held the ramp, and why. */
function heldSentences({ heldRamps = [] }: Result): string[] {
  const at = (seconds: number): string => formatDurationNs(seconds * NS_PER_S);
  return heldRamps.map(
    ({ because, fromS, ratePerSec, stage, untilS }) =>
      `The ramp was held at ${formatRatePerSec(ratePerSec)} in stage ${stage}, from ${at(fromS)} ` +
      `${untilS === null ? "to the end of the run" : `until ${at(untilS)}`}: ${because}.`,
  );
}

/** When the load was halved, and why. */
export function throttleSentences({ throttlings = [] }: Result): string[] {
  return throttlings.map(
    ({ because, fromS, share }) =>
      `The load was halved, to ${formatRatio(share)} of what was planned, ` +
      `${formatDurationNs(fromS * NS_PER_S)} into the run: ${because}.`,
  );
}

function whyEnded({ cuts = [], stoppedEarly }: Result): string | null {
  const until = (seconds: number): string => formatDurationNs(seconds * NS_PER_S);
  const ofArms = cuts.map(
    ({ arm, because, breachToCutMs, evidenceUntilS, rule }) =>
      `${arm} was cut${rule === "gone" ? "" : ` by the ${rule} rule`}, ` +
      `${until(evidenceUntilS)} into the run: ${because}. ` +
      `Its last start was ${timeWords(breachToCutMs)} later.`,
  );
  if (stoppedEarly === undefined) return ofArms.length === 0 ? null : ofArms.join(" ");
  if (ofArms.length > 0) return `${ofArms.join(" ")} No variant was left, and the run ended.`;
  const { because, breachToCutMs, evidenceUntilS, rule } = stoppedEarly;
  const whose = rule === "person" ? "by a person" : `by the ${rule} rule`;
  return `Stopped early ${whose}, ${until(evidenceUntilS)} into the run: ${because}. The variant’s last start was ${timeWords(breachToCutMs)} later.`;
}
