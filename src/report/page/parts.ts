import type { ReportModel } from "../model.ts";
import { runsTitle, runWords } from "../run-words.ts";
import { capital, PARTS_HEADING, partSentences } from "../words.ts";
import { type Markup, markup, table } from "./markup.ts";

const PARTS_MAX = 20;

/** The runs of an experiment, a row each; nothing for a run alone. */
export function runs({ result }: ReportModel): Markup | false {
  const rows = runWords(result);
  if (rows.length === 0) return false;
  const grid = table({
    caption: "The runs",
    cards: true,
    columns: [
      { head: "Run" },
      { head: "Started first" },
      { head: "Effect" },
      { head: "Seed" },
      { head: "Note" },
    ],
    rows: rows.map(({ effects, first, levels, note, run, seed }) => [
      run,
      first,
      effects,
      seed,
      [levels, note].filter((text) => text !== "").join("; "),
    ]),
  });
  return markup`<section id="runs"><h2>Runs</h2><p class="lead">${capital(runsTitle(result))}.</p>
${grid}</section>`;
}

/** Routes and segments in which a difference is shown; nothing where there is none. */
export function parts({ result }: ReportModel): Markup | false {
  const shown = partSentences(result);
  if (shown.length === 0) return false;
  const left = shown.length - PARTS_MAX;
  const rows = shown.slice(0, PARTS_MAX).map((part) => markup`<li>${part}</li>`);
  return markup`<section id="parts"><h2>Parts of the traffic</h2><p class="lead">${PARTS_HEADING}.</p>
<ul class="notes">${rows}${left > 0 && markup`<li>${left} more in result.json</li>`}</ul></section>`;
}
