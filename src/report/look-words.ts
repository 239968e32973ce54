import { NS_PER_MS, NS_PER_S, formatDurationNs } from "../core/index.ts";
import type { ComparisonRow, Result } from "./model.ts";
import { metricWords, NOTHING, STATUS_WORDS } from "./words.ts";

type Look = NonNullable<Result["looks"]>[number];
type Gate = NonNullable<Result["gates"]>[number];

/** What a stage of a run that was judged while it went on came to. */
export interface StageDecision {
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

/** Of runs with gates, or that a rule of the plan has ended: what was decided, stage by stage. */
export function stageDecisions({ gates = [], looks = [], stoppedEarly }: Result): StageDecision[] {
  if (gates.length === 0 && stoppedEarly === undefined) return [];
  const stages = [...new Set([...looks, ...gates].map(({ stage }) => stage))];
  return stages.map((stage, index) => {
    const gate = gates.find((each) => each.stage === stage);
    const seen = nearestOf(looks.filter((each) => each.stage === stage));
    if (gate !== undefined) {
      const { decision } = gate;
      return { stage, decision, words: GATE_WORDS[decision], because: becauseOf(gate), ...seen };
    }
    const stopped = stoppedEarly !== undefined && index === stages.length - 1;
    const decision = stopped ? "stopped" : "verdict";
    const words = stopped ? `stopped: ${stoppedEarly.rule}` : "the verdict";
    return { stage, decision, words, because: "", ...seen };
  });
}

/** Why a run ended before its time, and how soon nothing was sent any more; null where it did not. */
export function stopSentence({ stoppedEarly }: Result): string | null {
  if (stoppedEarly === undefined) return null;
  const { because, breachToCutMs, evidenceUntilS, rule } = stoppedEarly;
  const until = formatDurationNs(evidenceUntilS * NS_PER_S);
  const cut = formatDurationNs(Math.round(breachToCutMs) * NS_PER_MS);
  return `Stopped early by the ${rule} rule, ${until} into the run: ${because}. The variant’s last start was ${cut} later.`;
}
