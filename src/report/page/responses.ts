import { formatCount } from "../../core/index.ts";
import type { ReportModel } from "../model.ts";
import { RESPONSES_HEADING, responseSentences } from "../responses-words.ts";
import { capital, NOTHING, plainText } from "../words.ts";
import { longText, type Markup, markup, table } from "./markup.ts";

/** More rows than this are in `result.json` alone. */
const FIELDS_MAX = 200;

const STATUS = {
  differs: "differs",
  noise: "noise: control differs from itself",
  "not-shown": "no more than noise",
  unknown: "unknown: never repeated",
} as const;

/** What differs between the arms' answers; nothing where none were compared. */
export function responses({ result }: ReportModel): Markup | false {
  const sentences = responseSentences(result);
  if (sentences.length === 0) return false;
  const rows = sentences.map((sentence) => markup`<li>${capital(sentence)}</li>`);
  const fields = (result.responses?.fields ?? []).slice(0, FIELDS_MAX);
  const count = (value: number) => ({ shows: formatCount(value), by: value });
  const grid = table({
    caption: "Fields that differ, by route",
    columns: [
      { head: "Route", class: "route", sort: "name" },
      { head: "Field", sort: "name" },
      { head: "Arm", sort: "name" },
      { head: "Compared", figure: true, sort: "figure" },
      { head: "Differ", figure: true, sort: "figure" },
      { head: "Repeated", figure: true, sort: "figure" },
      { head: "Control from itself", figure: true, sort: "figure" },
      { head: "Judged", sort: "name" },
      { head: "Control, then variant" },
    ],
    rows: fields.map((row) => [
      longText(row.route),
      longText(row.field),
      row.arm,
      count(row.pairs),
      count(row.differing),
      count(row.repeats),
      count(row.repeatsDiffering),
      STATUS[row.status],
      row.example === null
        ? NOTHING
        : markup`<code>${plainText(row.example.control, 60)}</code>, <code>${plainText(row.example.variant, 60)}</code>`,
    ]),
  });
  return markup`<section id="responses"><h2>Responses</h2><p class="lead">${RESPONSES_HEADING}.</p>
<ul class="notes">${rows}</ul>${fields.length > 0 && grid}</section>`;
}
