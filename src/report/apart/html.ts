import { Footnotes } from "../footnotes.ts";
import { badge, footnoteList, forestBar, icon, toneOf } from "../page/marks.ts";
import { type Markup, markup, table, terms } from "../page/markup.ts";
import { pageShell } from "../page/shell.ts";
import { capital, OUTCOME_WORDS } from "../words.ts";
import type { ApartReport, ApartRow, ApartSide } from "./model.ts";
import { type ApartTable, apartTables, differenceWords, noiseWords, sideWords } from "./words.ts";

function headline({ after, verdict }: ApartReport): Markup {
  const head = markup`<header>
<p class="brand">shakedown <span class="muted">${verdict === null ? "compare" : "baseline"}</span></p>
<h1>${after.scenario}</h1>
</header>`;
  if (verdict === null) return head;
  const { decision, needs, reason } = verdict;
  return markup`${head}<section class="verdict ${toneOf(decision)}" id="verdict" aria-label="Verdict" data-decision="${decision}">
<p class="word">${icon(decision)}<span>${OUTCOME_WORDS[decision]}</span></p>
<p class="reason">${capital(reason)}</p>
${needs !== undefined && markup`<div class="why"><h2>Next step</h2><p>${capital(needs)}</p></div>`}
</section>`;
}

const sideRow = (what: string, side: ApartSide): readonly [string, Markup] => [
  what,
  markup`<code>${side.name}</code> <span class="muted">${sideWords(side)}; shakedown ${side.version}; ${side.host.description}</span>`,
];

function differences(report: ApartReport): Markup {
  const { after, before, differences: all } = report;
  const told = all.map((each) =>
    each.measures
      ? markup`<li><strong>${differenceWords(each)}</strong></li>`
      : markup`<li>${differenceWords(each)}</li>`,
  );
  const list =
    told.length === 0
      ? markup`<p>Nothing else differs.</p>`
      : markup`<ul class="notes">${told}</ul>`;
  const noise = noiseWords(report);
  return markup`<section id="differs"><h2>What differs</h2>${list}${noise !== "" && markup`<p>${noise}</p>`}${terms(
    [...before.map((side) => sideRow("Before", side)), sideRow("After", after)],
  )}</section>`;
}

/** The scale that a table's bars share: what most of its intervals are in. */
function scaleOf(
  rows: readonly ApartRow[],
  kind: "relative" | "difference",
): readonly [number, number] {
  const ends = rows.flatMap(({ effect }) =>
    effect?.kind === kind
      ? [Math.abs(effect.estimate), Math.abs(effect.low), Math.abs(effect.high)]
      : [],
  );
  const most = Math.min(Math.max(kind === "relative" ? 0.05 : 0.002, ...ends), 1);
  return [-most, most];
}

function section({ interval, lines, title }: ApartTable, index: number): Markup {
  const judged = lines.some(({ status }) => status !== "");
  const all = lines.map(({ row }) => row);
  const rows = lines.map((line) => {
    const status =
      line.row.status === null
        ? line.notes
        : markup`${badge(line.row.status, line.status)} ${line.notes}`;
    const bar = forestBar(line.row, scaleOf(all, line.row.effect?.kind ?? "relative"));
    const cells = [
      line.metric,
      line.stage,
      line.before,
      line.after,
      line.change,
      bar,
      line.interval,
    ];
    return judged ? [...cells, line.margin, status] : [...cells, line.notes];
  });
  return markup`<section id="figures-${index}"><h2>${capital(title)}</h2>${table({
    caption: title,
    columns: [
      { head: "Metric" },
      { head: "Stage" },
      { head: "Before", figure: true },
      { head: "After", figure: true },
      { head: "Change", figure: true },
      { head: "Where it lies" },
      { head: capital(interval) },
      ...(judged ? [{ head: "Margin", figure: true }, { head: "Status" }] : [{ head: "Notes" }]),
    ],
    rows,
    cards: true,
  })}</section>`;
}

/** One page, offline, of runs that were done apart. */
export function apartHtml(report: ApartReport): string {
  const notes = new Footnotes();
  const tables = apartTables(report, notes).map(section);
  for (const warning of report.warnings) notes.mark(warning);
  const noted = footnoteList(notes);
  return pageShell({
    title: `${report.after.scenario}: runs compared`,
    tool: report.tool,
    scripts: ["profile-kinds.js"],
    data: { plots: [] },
    skipTo: report.verdict === null ? "differs" : "verdict",
    main: [
      headline(report),
      differences(report),
      ...tables,
      noted === false ? markup`` : markup`<section id="notes"><h2>Notes</h2>${noted}</section>`,
    ],
  }).html;
}
