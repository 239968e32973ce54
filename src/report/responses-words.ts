import { formatCount, formatRatio } from "../core/index.ts";
import type { Result } from "./model.ts";
import type { ResponseFieldRow } from "./responses-model.ts";

/* Words for answers that were compared. */

export const RESPONSES_HEADING =
  "Response differences (a place to look; what decides is over blocks)";

const FIELDS_SHOWN = 12;

const SKIPPED = {
  unanswered: "answered by neither",
  "too-large": "too large",
  undecodable: "of an encoding that could not be undone",
  "not-kept": "that waited too long for the other",
} as const;

const sum = (rows: readonly ResponseFieldRow[], of: (row: ResponseFieldRow) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);

const ROUTES_NAMED = 3;

function routesWords(rows: readonly ResponseFieldRow[]): string {
  const routes = [...new Set(rows.map(({ route }) => route))];
  const more = routes.length - ROUTES_NAMED;
  return `${routes.slice(0, ROUTES_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The same field of several routes is told once. */
const byField = (rows: readonly ResponseFieldRow[]): ResponseFieldRow[][] => [
  ...Map.groupBy(rows, ({ arm, field }) => `${arm} ${field}`).values(),
];

function fieldSentence(rows: readonly ResponseFieldRow[]): string {
  const { arm, example, field } = rows[0]!;
  const share = (differing: number, of: number): string =>
    `${formatRatio(differing / Math.max(of, 1))} of ${formatCount(of)}`;
  const repeats = sum(rows, (row) => row.repeats);
  const noise =
    repeats === 0
      ? "none was repeated, so how much of it is noise is unknown"
      : `control from itself in ${share(
          sum(rows, (row) => row.repeatsDiffering),
          repeats,
        )}`;
  const often = share(
    sum(rows, (row) => row.differing),
    sum(rows, (row) => row.pairs),
  );
  const values =
    example === null || example.control === example.variant
      ? ""
      : `; ${example.control} became ${example.variant}`;
  return `${field}: ${arm} differs in ${often}, ${noise}${values} (${routesWords(rows)})`;
}

/** What was found by comparing answers, a line each; empty where none were compared. */
export function responseSentences({ responses }: Pick<Result, "responses">): string[] {
  if (responses === undefined) return [];
  const { fields, notCompared, pairs, repeats } = responses;
  const shown = byField(
    fields.filter(({ status }) => status === "differs" || status === "unknown"),
  );
  const noise = byField(fields.filter(({ status }) => status === "noise"));
  const rare = byField(fields.filter(({ status }) => status === "not-shown")).length;
  const left = Object.entries(SKIPPED).flatMap(([why, words]) => {
    const count = notCompared[why as keyof typeof SKIPPED] ?? 0;
    return count === 0 ? [] : `${formatCount(count)} ${words}`;
  });
  const counted = `${formatCount(pairs)} pairs of answers were compared, and ${formatCount(repeats)} of control with itself`;
  return [
    `${counted}${left.length === 0 ? "" : `; not compared: ${left.join(", ")}`}`,
    ...shown.slice(0, FIELDS_SHOWN).map(fieldSentence),
    ...(shown.length > FIELDS_SHOWN
      ? [`${formatCount(shown.length - FIELDS_SHOWN)} more in result.json`]
      : []),
    ...(shown.length === 0 ? ["no field differs more than control does from itself"] : []),
    ...(rare > 0
      ? [
          `${formatCount(rare)} ${rare === 1 ? "field differs" : "fields differ"} too seldom to tell`,
        ]
      : []),
    ...(noise.length > 0
      ? [
          `noise, left out: ${noise
            .slice(0, FIELDS_SHOWN)
            .map((rows) => `${rows[0]?.field ?? ""} (${routesWords(rows)})`)
            .join("; ")}`,
        ]
      : []),
  ];
}
