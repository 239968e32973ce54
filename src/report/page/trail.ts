import type { ReportModel } from "../model.ts";
import { type Markup, markup, table } from "./markup.ts";

/** The audit trail up to the verdict; nothing where a run has none. */
export function trail({ pictures }: ReportModel): Markup | false {
  const rows = pictures.trail;
  if (rows.length === 0) return false;
  const grid = table({
    caption: "Entries of the audit trail",
    cards: true,
    columns: [{ head: "When" }, { head: "What" }, { head: "Detail" }, { head: "SHA-256" }],
    rows: rows.map(({ at, detail, entries, event, sha256 }) => [
      at.replace("T", " "),
      entries > 1 ? `${event} × ${entries}` : event,
      detail,
      markup`<code>${sha256.slice(0, 12)}</code>`,
    ]),
  });
  return markup`<section id="trail"><h2>Audit trail</h2><p class="lead">Every entry’s hash covers the one before. The verdict, the files’ hashes and whatever came later follow in <code>audit.ndjson</code>; <code>shakedown verify</code> checks all of it.</p>
<details${rows.length <= 12 && markup` open`}><summary>${rows.length} entries up to the verdict</summary>${grid}</details></section>`;
}
