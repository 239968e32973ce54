import type { ReportModel } from "../model.ts";
import { repositoryLine, revisionsLine } from "../revision-words.ts";
import { keyWords } from "../words.ts";
import { badge } from "./marks.ts";
import { type Markup, markup, terms } from "./markup.ts";

const RANK = { fail: 0, doubt: 1, open: 2, pass: 3 } as const;

/** Whether the instrument itself can be trusted in this run, failures first. */
export function instruments({ result }: ReportModel): Markup {
  const ranked = result.checks.toSorted((a, b) => RANK[a.status] - RANK[b.status]);
  const rows = ranked.map(
    ({ arm, name, status, summary }) =>
      markup`<li class="finding"><div class="finding-status">${badge(status, status)}</div><div><h3>${keyWords(name.replaceAll("-", " "))}${arm !== undefined && markup` <span class="muted">in ${arm}</span>`}</h3><p>${summary}</p></div></li>`,
  );
  const body =
    rows.length === 0 ? markup`<p>None was made.</p>` : markup`<ul class="plain">${rows}</ul>`;
  const warnings =
    result.warnings.length > 0 &&
    markup`<h3>Warnings</h3><ul class="notes">${result.warnings.map((warning) => markup`<li>${warning}</li>`)}</ul>`;
  return markup`<section id="instruments"><h2>Instrument checks</h2><p class="lead">A verdict is worth what its instrument is: these say whether the generator and the emulator did what they meant to.</p>${body}${warnings}</section>`;
}

/** What to type to do the run again, and all that it depended on. */
export function reproduce({ result }: ReportModel): Markup {
  const { run, tool } = result;
  const [revisions, repository] = [revisionsLine(run), repositoryLine(run)];
  return markup`<section id="reproduce"><h2>Do it again</h2><pre tabindex="0" aria-label="Command"><code>${run.command}</code></pre>${terms(
    [
      ["Run", markup`<code>${run.id}</code>`],
      ...(revisions === "" ? [] : [["Revisions", revisions] as const]),
      ...(run.revisionBuild === undefined
        ? []
        : [["Built by", markup`<code>${run.revisionBuild}</code>`] as const]),
      ...(repository === "" ? [] : [["Repository", repository] as const]),
      ["Seed", markup`<code>${run.seed}</code>`],
      ["Plan SHA-256", markup`<code>${run.planSha256}</code>`],
      ["Load", run.load],
      ["Connections", `up to ${run.connections.toLocaleString("en-US")} to each arm`],
      ["Version", `${tool.name} ${tool.version}`],
      ["Host", `Node.js ${run.host.node}, ${run.host.os}, ${run.host.cpus} CPUs`],
    ],
  )}<p class="muted small after">The same seed plans the same starts and gives the dependencies the same luck. The machine’s own noise is not repeated: that is what the intervals are for.</p></section>`;
}
