import { formatCount, formatDurationNs, formatRatio, NS_PER_S } from "../core/index.ts";
import { cell, escapeMarkdown, row } from "./markdown-cells.ts";
import type { Result } from "./model.ts";
import { type Paint, wrapped } from "./text-lines.ts";
import { capital } from "./words.ts";

/* Who got which start, where not every arm got each at once. */

type Assigned = NonNullable<Result["assignment"]>;
type SplitStage = Extract<Assigned, { kind: "split" }>["stages"][number];

export const ASSIGNMENT_HEADING = "Who got which start";
export const ASSIGNMENT_COLUMNS = ["Stage", "Arm", "Meant", "Got", "Keys", "Starts"] as const;

/** What of a stage one arm was to have, and had, of the keys that are compared. */
export interface AssignedArm {
  readonly arm: string;
  /** `50 %`, `49.3 %`, of the keys. */
  readonly meant: string;
  readonly got: string;
  readonly keys: string;
  /** Of all keys, reserved ones too. */
  readonly starts: string;
}

export interface AssignedStage {
  readonly stage: string;
  readonly arms: readonly AssignedArm[];
  /** Whether the shares are what was meant, and which starts are held out, or compared with nothing. */
  readonly note: string;
}

const pWords = (p: number): string =>
  p < 0.001 ? "p < 0.001" : `p = ${Number(p.toPrecision(p < 0.1 ? 1 : 2))}`;

const startsWords = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? "start" : "starts"}`;

function noteOf({ holdout, pValue, reserved }: SplitStage): string {
  const apart = [
    holdout > 0 ? `${startsWords(holdout)} held out, control's to the end` : "",
    reserved > 0 ? `${startsWords(reserved)} reserved, compared with nothing` : "",
  ];
  return [`sample ratio ${pWords(pValue)}`, ...apart].filter((text) => text !== "").join("; ");
}

/** By stage, what each arm was to get and got; none unless starts were split. */
export function assignedStages({ assignment }: Pick<Result, "assignment">): AssignedStage[] {
  if (assignment?.kind !== "split") return [];
  return assignment.stages.map((stage): AssignedStage => {
    const { keys, planned, starts } = stage;
    const all = Object.values(keys).reduce((sum, count) => sum + count, 0);
    const arms = Object.keys(planned).map((arm): AssignedArm => {
      const own = keys[arm] ?? 0;
      return {
        arm,
        meant: formatRatio(planned[arm] ?? 0),
        got: all === 0 ? "none" : formatRatio(own / all),
        keys: formatCount(own),
        starts: formatCount(starts[arm] ?? 0),
      };
    });
    return { stage: stage.stage, arms, note: noteOf(stage) };
  });
}

/** One sentence: by what starts were split, or how arms took turns; empty where all got all. */
export function assignmentSentence({ assignment }: Pick<Result, "assignment">): string {
  if (assignment === undefined) return "";
  if (assignment.kind === "split") {
    return `Each start went to one arm, split by ${assignment.by}.`;
  }
  const [period, washout] = [assignment.periodS, assignment.washoutS].map((seconds) =>
    formatDurationNs(seconds * NS_PER_S),
  );
  const turns = assignment.stages
    .map(({ periods, stage }) => `${formatCount(periods)} of each arm in stage ${stage}`)
    .join(", ");
  const washed = assignment.washoutS > 0 ? `, of which the first ${washout} are not judged` : "";
  return `One arm at a time, the same starts for each, in periods of ${period}${washed}: ${turns}.`;
}

/** For a terminal: the sentence, and a line for each stage. */
export function assignmentLines(result: Result, width: number, paint: Paint): string[] {
  const sentence = assignmentSentence(result);
  if (sentence === "") return [];
  const stages = assignedStages(result).flatMap(({ arms, note, stage }) => {
    const each = arms.map(
      ({ arm, got, keys, meant, starts }) =>
        `${arm} ${got} of the keys (${meant} meant): ${keys} ${keys === "1" ? "key" : "keys"}, ${starts} ${starts === "1" ? "start" : "starts"}`,
    );
    return wrapped("  ", `${stage}: ${[...each, note].join("; ")}`, width);
  });
  return ["", paint("dim", ASSIGNMENT_HEADING), ...wrapped("  ", sentence, width), ...stages];
}

/** For a pull request: the sentence, and a row for each arm of each stage. */
export function assignmentMarkdown(result: Result): string[] {
  const sentence = assignmentSentence(result);
  if (sentence === "") return [];
  const stages = assignedStages(result);
  const rows = stages.flatMap(({ arms, stage }) =>
    arms.map(({ arm, got, keys, meant, starts }, index) =>
      row([index === 0 ? cell(stage) : "", cell(arm), meant, got, keys, starts]),
    ),
  );
  const table = [row(ASSIGNMENT_COLUMNS), "| --- | --- | ---: | ---: | ---: | ---: |", ...rows, ""];
  const notes = stages.map(({ note, stage }) => `- ${cell(stage)}: ${escapeMarkdown(note)}`);
  return [
    `### ${ASSIGNMENT_HEADING}`,
    "",
    escapeMarkdown(capital(sentence)),
    "",
    ...(stages.length === 0 ? [] : [...table, ...notes, ""]),
  ];
}
