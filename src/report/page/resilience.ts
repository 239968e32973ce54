import type { ReportModel } from "../model.ts";
import { resilienceSections } from "../resilience-words.ts";
import { type Markup, markup } from "./markup.ts";

/** What probes found of each arm and dependency; nothing without one. */
export function resilience({ resilience: found }: ReportModel): Markup | false {
  if (found === undefined) return false;
  const cards = resilienceSections(found).map(
    ({ lines, title }) =>
      markup`<h3>${title}</h3><ul class="notes">${lines.map((line) => markup`<li>${line}</li>`)}</ul>`,
  );
  return markup`<section id="resilience"><h2>Under trouble</h2><p class="lead">What stages did to dependencies and caches, and how each arm bore it.</p>
${cards}</section>`;
}
