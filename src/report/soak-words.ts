import { formatDurationNs, NS_PER_S } from "../core/index.ts";
import type { ComparisonRow, Result } from "./model.ts";
import type { SoakRow } from "./soak-model.ts";
import { formatEffect, formatValue, hasVariants, metricWords } from "./words.ts";

/** Stands above what soaks showed. */
export const SOAK_HEADING = "Over the soak";

/** What a soak told, in one line. */
export interface SoakLine {
  readonly mark: "✓" | "✗" | "=" | "?" | "○";
  readonly text: string;
}

const RESOURCE_WORDS: Readonly<Record<string, string>> = {
  memory: "memory",
  heap: "heap",
  open_files: "open files",
  sockets: "sockets",
};

/** `open_files` as people call it. */
export const resourceWords = (name: string): string => RESOURCE_WORDS[name] ?? name;

const lastsWords = (seconds: number): string => formatDurationNs(Math.round(seconds) * NS_PER_S);

const signed = (text: string, value: number): string =>
  value > 0 ? `+${text}` : value < 0 ? `−${text}` : text;

/** `+62.1 MB/h (+58.2 MB … +66 MB)`, of one arm. */
function growthWords(held: SoakRow["resources"][number]["control"], unit: "MB" | "count"): string {
  if (held === null) return "not told";
  const of = (value: number): string =>
    signed(formatValue(unit === "MB" ? "MB" : "as told", Math.abs(value)), value);
  const { estimate, high, low } = held.perHour;
  return `${of(estimate)} an hour (${of(low)} … ${of(high)})`;
}

/** What is not shown, with its mark: whether it is excluded is told by the row that is judged. */
const notShown = (row: ComparisonRow | undefined, what: string): Pick<SoakLine, "mark" | "text"> =>
  row?.status === "inconclusive"
    ? { mark: "?", text: `${what} is shown, and none is excluded` }
    : { mark: "✓", text: `${what} is shown` };

function resourceLine(
  resource: SoakRow["resources"][number],
  whose: string,
  row: ComparisonRow | undefined,
): SoakLine {
  const { control, course, unit, variant } = resource;
  const name = resourceWords(resource.resource);
  const arms = `control ${growthWords(control, unit)}, ${whose} ${growthWords(variant, unit)}`;
  if (course === "leak") return { mark: "✗", text: `a leak of ${name} in ${whose}: ${arms}` };
  if (course === "shared") return { mark: "=", text: `${name}: both arms grow alike: ${arms}` };
  if (course === "unknown") {
    const [why = "too little was told to judge it"] = row?.warnings ?? [];
    return { mark: "?", text: `${name}: ${why}` };
  }
  const { mark, text } = notShown(row, "no leak beyond control’s");
  return { mark, text: `${name}: ${text}; ${arms}` };
}

function effectLine(
  { effect, kind, metric }: SoakRow,
  from: number,
  row: ComparisonRow | undefined,
): SoakLine {
  const { change, course, settled } = effect;
  const shape = { unit: kind === "difference" ? "ratio" : "as told", effect: null } as const;
  const of = (value: number): string => formatEffect(shape, value);
  const name = `effect on ${metricWords(metric)}`;
  if (settled !== null) {
    const after = lastsWords(settled.atS - from);
    const what = course === "novelty" ? "wore off" : "came late";
    return {
      mark: "○",
      text: `${name} ${what}: ${of(settled.early)} in the first ${after}, ${of(settled.late)} from then on, on which the verdict rests`,
    };
  }
  if (change === null) return { mark: "?", text: `${name}: too short to tell how it goes` };
  const moved = `${of(change.estimate)} from beginning to end (${of(change.low)} … ${of(change.high)})`;
  if (course === "moving") return { mark: "○", text: `${name} did not keep its level: ${moved}` };
  const { mark, text } = notShown(row, "no trend");
  return { mark, text: `${name}: ${text}; ${moved}` };
}

/** What each soak showed, variant by variant, of what before its lines; nothing where there was none. */
export function soakParts(result: Result): { readonly of: string; readonly lines: SoakLine[] }[] {
  return (result.soaks ?? []).map((soak) => {
    const whose = hasVariants(result) ? `${soak.arm}, ` : "";
    const from = result.stages.find(({ name }) => name === soak.stage)?.startS ?? 0;
    const judged = (label: string): ComparisonRow | undefined =>
      result.comparisons.find(
        ({ arm, metric, stage }) =>
          metric === label && stage === soak.stage && (arm ?? soak.arm) === soak.arm,
      );
    return {
      of: `${whose}${soak.stage}, ${lastsWords(soak.judgedS)}`,
      lines: [
        effectLine(soak, from, judged(`drift:${soak.metric}`)),
        ...soak.resources.map((resource) =>
          resourceLine(resource, soak.arm, judged(`leak:${resource.resource}`)),
        ),
      ],
    };
  });
}
