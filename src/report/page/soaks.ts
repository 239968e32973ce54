import type { ReportModel } from "../model.ts";
import { SOAK_HEADING, type SoakLine, soakParts } from "../soak-words.ts";
import { icon } from "./marks.ts";
import { type Markup, markup } from "./markup.ts";

const ICONS = {
  "✓": "pass",
  "✗": "fail",
  "=": "shared",
  "?": "open",
  "○": "doubt",
} as const satisfies Record<SoakLine["mark"], string>;

/** What took hours to show: how the effect went, and what grew; nothing without a soak. */
export function soaks({ result }: ReportModel): Markup | false {
  const parts = soakParts(result);
  if (parts.length === 0) return false;
  const lists = parts.map(
    ({ lines, of }) =>
      markup`<h3>${of}</h3><ul class="plain told">${lines.map(({ mark, text }) => markup`<li>${icon(ICONS[mark])}<span>${text}</span></li>`)}</ul>`,
  );
  return markup`<section id="soak"><h2>${SOAK_HEADING}</h2><p class="lead">Whether the effect kept its level, and whether the variant holds on to what it should give back. What the arms held is the least of each twentieth of the time, so that a garbage collector’s sawtooth is left out; intervals allow for slices that resemble their neighbours.</p>
${lists}</section>`;
}
