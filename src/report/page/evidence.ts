import { toldFindings } from "../finding-words.ts";
import { Footnotes } from "../footnotes.ts";
import type { ComparisonRow, FindingRow, ReportModel } from "../model.ts";
import { rowWords } from "../variant-words.ts";
import {
  comparisonSentence,
  capital,
  confidenceWords,
  differenceShown,
  evidenceWords,
  FINDING_WORDS,
  formatEffect,
  formatValue,
  intervalWords,
  keyWords,
  hasVariants,
  rankedComparisons,
  STATUS_WORDS,
} from "../words.ts";
import { badge, footnoteList, intervalBar } from "./marks.ts";
import { type Markup, markup, table, terms } from "./markup.ts";

/** What was expected, as it was registered, and what happened to the metric it names. */
export function hypothesis({ result }: ReportModel): Markup | false {
  if (result.hypothesis === null) return false;
  const { because, if: change, then, otherwise } = result.hypothesis;
  const primary = result.comparisons.filter(({ role }) => role === "primary");
  const happened = primary.map(
    (row) =>
      markup`<li>${badge(row.status, STATUS_WORDS[row.status])} <span class="muted">${hasVariants(result) ? `${row.arm}, stage` : "Stage"} ${row.stage}.</span> ${comparisonSentence(row)}</li>`,
  );
  const outcome =
    primary.length === 0
      ? markup`The metric it names was not measured.`
      : markup`<ul class="plain">${happened}</ul>`;
  return markup`<section id="hypothesis"><h2>What was tested</h2>${terms([
    ...(because === undefined ? [] : [["Because", because] as const]),
    ["If", change],
    ["Then", then],
    ["Otherwise", otherwise],
    ["What happened", outcome],
  ])}</section>`;
}

function warningList(warnings: readonly string[]): Markup | false {
  return (
    warnings.length > 0 &&
    markup`<ul class="notes">${warnings.map((warning) => markup`<li>${warning}</li>`)}</ul>`
  );
}

function effectCell(row: ComparisonRow): Markup {
  if (row.effect === null) return markup`<span class="muted">not judged</span>`;
  const { effect } = row;
  const estimate = differenceShown(row)
    ? markup`<strong>${formatEffect(row, effect.estimate)}</strong>`
    : markup`<strong aria-hidden="true">~</strong> <span class="muted">no difference shown</span>`;
  return markup`${estimate}<br><span class="muted small">${intervalWords(row)}</span>`;
}

function marginCell(row: ComparisonRow): Markup {
  const mde =
    row.mde === null
      ? false
      : markup`<br><span class="muted small">could see ${formatEffect(row, row.mde, false)}</span>`;
  return markup`${formatEffect(row, row.margin, false)}${mde}`;
}

/** Every comparison of the arms, with its interval drawn against the margin. */
export function comparisons({ result }: ReportModel): Markup | false {
  if (result.hypothesis === null) return false;
  const notes = new Footnotes();
  const rows = rankedComparisons(result).map((row) => [
    markup`<span class="metric">${rowWords(result, row)}</span><span class="role">${row.role}</span>`,
    row.stage,
    formatValue(row.unit, row.control),
    formatValue(row.unit, row.variant),
    effectCell(row),
    intervalBar(row),
    marginCell(row),
    markup`${badge(row.status, STATUS_WORDS[row.status])} ${row.warnings.map((text) => notes.mark(text)).join(" ")}`,
  ]);
  const body =
    rows.length === 0
      ? markup`<p>Nothing was compared.</p>`
      : table({
          caption: hasVariants(result)
            ? "Comparisons of each variant with control"
            : "Comparisons of variant with control",
          cards: true,
          columns: [
            { head: "Metric" },
            { head: "Stage", class: "stage" },
            { head: "Control", figure: true, class: "arm-0" },
            { head: "Variant", figure: true, class: hasVariants(result) ? "" : "arm-1" },
            { head: "Effect", figure: true },
            { head: "Interval", class: "bar" },
            { head: "Margin", figure: true },
            { head: "Status", class: "status" },
          ],
          rows,
        });
  const confidence = result.comparisons.find(({ effect }) => effect !== null)?.effect?.confidence;
  const legend = [
    ...(result.comparisons.some(({ status }) => status === "small-harm")
      ? ["Small harm: worse is shown, and so is that it stays below the margin."]
      : []),
    ...(result.comparisons.some(({ unit }) => unit === "ratio") ? ["pp: percentage points."] : []),
  ];
  return markup`<section id="comparisons"><h2>Comparisons</h2>
${rows.length > 0 && markup`<p class="lead">${hasVariants(result) ? "How each variant differs" : "How the variant differs"} from the control. The bar is its ${confidence === undefined ? "interval" : `${confidenceWords(confidence)} interval`}: the thin line is no change, the dashed line is the margin, and the shaded side is harm. “Could see” is the smallest effect that this run would have found four times in five.</p>`}
${body}${footnoteList(notes)}${legend.length > 0 && markup`<p class="muted small after">${legend.join(" ")}</p>`}</section>`;
}

function finding(row: FindingRow): Markup {
  const evidence = Object.entries(row.evidence);
  return markup`<li class="finding"><div class="finding-status">${badge(row.status, FINDING_WORDS[row.status])}</div><div><h3>${keyWords(row.detector.replaceAll("-", " "))} <span class="muted">in ${row.subject}</span></h3><p>${capital(row.summary)}</p>${
    row.cure !== undefined && markup`<p><strong>What would cure it:</strong> ${row.cure}</p>`
  }${warningList(row.warnings ?? [])}${
    evidence.length > 0 &&
    markup`<details><summary>Evidence</summary>${terms(evidence.map(([key, value]) => [keyWords(key), evidenceWords(value)] as const))}</details>`
  }</div></li>`;
}

const findingList = (rows: readonly FindingRow[]): Markup | false =>
  rows.length > 0 && markup`<ul class="plain">${rows.map(finding)}</ul>`;

/** Every finding of every detector, failures first; many of a kind are folded. */
export function findings({ result }: ReportModel): Markup {
  const { each, folded } = toldFindings(result);
  const body =
    each.length + folded.length === 0
      ? markup`<p>No detector had anything to judge.</p>`
      : markup`${findingList(each)}${folded.map(({ line, rows }) => markup`<details><summary>${line}</summary>${findingList(rows)}</details>`)}`;
  return markup`<section id="findings"><h2>Findings</h2><p class="lead">What the detectors looked for, each with what it saw.</p>${body}</section>`;
}
