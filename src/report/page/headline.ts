import { formatDurationNs, NS_PER_S } from "../../core/index.ts";
import type { ReportModel, Result } from "../model.ts";
import { revisionsLine } from "../revision-words.ts";
import { variantVerdicts } from "../variant-words.ts";
import { capital, leadFinding, OUTCOME_WORDS, outcomeOf } from "../words.ts";
import { badge, icon, toneOf } from "./marks.ts";
import { type Markup, markup } from "./markup.ts";

/** `2026-03-02T09:30:00.000Z` → `2 March 2026, 09:30 UTC`; any other text as it is. */
export function formatMoment(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return text;
  const day = moment.toLocaleDateString("en-GB", { dateStyle: "long", timeZone: "UTC" });
  const time = moment.toLocaleTimeString("en-GB", { timeStyle: "short", timeZone: "UTC" });
  return `${day}, ${time} UTC`;
}

function cause(result: Result): Markup | false {
  const lead = leadFinding(result);
  if (lead === undefined) return false;
  return markup`<div class="why"><h2>Cause</h2><div><p class="cause"><strong>${capital(lead.cause ?? lead.detector)}</strong> <span class="muted">in ${lead.subject}</span></p><p>${capital(lead.summary)}</p>${
    lead.cure !== undefined && markup`<p><strong>What would cure it:</strong> ${lead.cure}</p>`
  }</div></div>`;
}

/** Of several variants, each one's own verdict. */
function variants(result: Result): Markup | false {
  const rows = variantVerdicts(result).map(
    ({ arm, outcome, reason }) =>
      markup`<li>${badge(outcome, OUTCOME_WORDS[outcome])} <strong>${arm}</strong> ${capital(reason)}</li>`,
  );
  return (
    rows.length > 0 &&
    markup`<div class="why"><h2>Each variant</h2><ul class="plain">${rows}</ul></div>`
  );
}

/** What was run, then the verdict with its reason, the cause, and the next step. */
export function headline({ result }: ReportModel): Markup {
  const { reason, needs, run } = result;
  const outcome = outcomeOf(result);
  const duration = formatDurationNs(run.durationS * NS_PER_S);
  const revisions = revisionsLine(run);
  return markup`<header>
<p class="brand">shakedown <span class="muted">report</span></p>
<h1>${run.scenario}</h1>
<p class="muted">${formatMoment(run.startedAt)} · ${duration} · profile ${run.profile}</p>
${revisions !== "" && markup`<p class="muted">${capital(revisions)}</p>`}
</header>
<section class="verdict ${toneOf(outcome)}" id="verdict" aria-label="Verdict" data-decision="${outcome}">
<p class="word">${icon(outcome)}<span>${OUTCOME_WORDS[outcome]}</span></p>
<p class="reason">${capital(reason)}</p>
${
  !run.complete &&
  markup`<div class="why"><h2>Incomplete</h2><p>${capital(run.incompleteBecause ?? "the run was stopped early")}</p></div>`
}
${variants(result)}
${cause(result)}
${needs !== undefined && markup`<div class="why"><h2>Next step</h2><p>${capital(needs)}</p></div>`}
</section>`;
}

/** The page's own contents, so that a long report is a click deep. */
export function contents(sections: readonly (readonly [id: string, title: string])[]): Markup {
  const links = sections.map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>`);
  return markup`<nav aria-label="In this report"><ul>${links}</ul></nav>`;
}
