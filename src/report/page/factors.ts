import { factorSentences, factorsTitle, factorWords } from "../factor-words.ts";
import type { ReportModel } from "../model.ts";
import { type Markup, markup, table } from "./markup.ts";

/** What the factors of an experiment do, and what the variant's effect depends on; nothing without any. */
export function factors({ result }: ReportModel): Markup | false {
  const rows = factorWords(result);
  if (rows.length === 0) return false;
  const grid = table({
    caption: factorsTitle(result),
    cards: true,
    columns: [
      { head: "Effect" },
      { head: "On" },
      { head: "At each level" },
      { head: "Low to high", figure: true },
      { head: "Interval" },
      { head: "Adjusted p", figure: true },
      { head: "Same as" },
    ],
    rows: rows.map(({ adjustedP, aliases, change, interval, levels, metric, name, shown }) => [
      shown ? markup`<strong>${name}</strong>` : name,
      metric,
      levels,
      change,
      interval,
      adjustedP,
      aliases,
    ]),
  });
  const said = factorSentences(result).map((text) => markup`<li>${text}</li>`);
  return markup`<section id="factors"><h2>What the effect depends on</h2><p class="lead">${factorsTitle(result)}. The variant ran beside the control at each level, so that a factor’s effect on what the variant does is the interaction of the two.</p>
<ul class="notes">${said}</ul>
${grid}</section>`;
}
