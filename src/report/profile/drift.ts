import { formatCount, formatRatio } from "../../core/index.ts";
import type { DriftTest } from "../../profile/index.ts";
import { badge } from "../page/marks.ts";
import { longText, type Markup, markup, table } from "../page/markup.ts";
import { capital, NOTHING } from "../words.ts";
import { DRIFT_FORMATS, DRIFT_NAMES, driftDetailFormat, driftEffectWords } from "./drift-words.ts";
import { type ProfilePage, sidesOf } from "./model.ts";
import { formatIndex, known } from "./words.ts";

const STATES: Readonly<Record<DriftTest["state"], Parameters<typeof badge>>> = {
  drifted: ["small-harm", "drifted"],
  alike: ["pass", "alike"],
  unknown: ["inconclusive", "not known"],
};

/** `0.536 … 0.777`: what the effect's own words say is not said again. */
const bare = (words: string): string => words.replace(/^\D*?(?=[-−+]?\d)/, "").replace(/ .*$/, "");

function effectCell({ effect }: DriftTest): Markup {
  if (effect === null) return markup`<span class="muted">${NOTHING}</span>`;
  const { high, low, value } = effect;
  const end = (of: number): string => bare(driftEffectWords(effect, of));
  const interval = low === null || high === null ? false : `${end(low)} … ${end(high)}`;
  return markup`<strong>${driftEffectWords(effect, value)}</strong>${interval !== false && markup`<br><span class="muted small">${interval}</span>`}`;
}

function detailsOf(test: DriftTest): Markup {
  const { because, details } = test;
  const rows = details.map(({ after, before, what }) => {
    const format = driftDetailFormat(test, what);
    return markup`<li>${what}: ${known(before, format)} → ${known(after, format)}</li>`;
  });
  return markup`${because ?? ""}${
    rows.length > 0 &&
    markup`<details><summary>What differs</summary><ul class="notes">${rows}</ul></details>`
  }`;
}

const RANK = { drifted: 0, alike: 1, unknown: 2 } as const;

function row(test: DriftTest): readonly (string | Markup)[] {
  const format = DRIFT_FORMATS[test.unit];
  return [
    markup`${capital(DRIFT_NAMES[test.aspect])}${test.route !== null && markup`<span class="role">${longText(test.route)}</span>`}`,
    known(test.before, format),
    known(test.after, format),
    effectCell(test),
    known(test.adjustedPValue, (p) => (p < 0.001 ? "< 0.001" : formatIndex(p))),
    badge(...STATES[test.state]),
    detailsOf(test),
  ];
}

/** How the two profiles differ: each aspect with its test, what drifted first. */
export function drift(page: ProfilePage): Markup | false {
  if (page.other === null) return false;
  const { alpha, drifted, notes, tests } = page.other.diff;
  const sides = sidesOf(page);
  const ranked = tests.toSorted((a, b) => RANK[a.state] - RANK[b.state]);
  const count = tests.filter(({ state }) => state === "drifted").length;
  const outcome = drifted
    ? `${formatCount(count)} of ${formatCount(tests.length)} tests show a difference that matters.`
    : "No difference that matters is shown, which is less than knowing that there is none.";
  return markup`<section id="drift"><h2>How they differ</h2><p><strong>${outcome}</strong></p><p class="lead">Time is cut into blocks, which are the sampling unit; p-values are adjusted together (Holm), so that two profiles of the same traffic come out as drifted in at most ${formatRatio(alpha)} of comparisons.</p>${table(
    {
      caption: "Tests of each aspect",
      cards: true,
      columns: [
        { head: "Aspect" },
        ...sides.map(({ color, line }) => ({ head: line, figure: true, class: `arm-${color}` })),
        { head: "Effect", figure: true },
        { head: "Adjusted p", figure: true },
        { head: "Finding", class: "status" },
        { head: "Why" },
      ],
      rows: ranked.map(row),
    },
  )}${notes.length > 0 && markup`<ul class="notes">${notes.map((note) => markup`<li>${note}</li>`)}</ul>`}</section>`;
}
