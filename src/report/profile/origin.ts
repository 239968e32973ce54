import { formatBytes, formatCount, formatUs, NS_PER_US } from "../../core/index.ts";
import { type Markup, markup, table, terms } from "../page/markup.ts";
import { armName } from "../page/tables.ts";
import { plainText } from "../words.ts";
import type { Side } from "./model.ts";

const HASH_SHOWN = 16;

function ledgerWords({ summary }: Side): string {
  const { filtered, kept, records, rejected } = summary.manifest.ledger;
  const lost = rejected.reduce((sum, { count }) => sum + count, 0);
  return `${formatCount(records)} read = ${formatCount(kept)} kept + ${formatCount(filtered)} filtered + ${formatCount(lost)} rejected`;
}

function rejections({ summary }: Side): Markup | false {
  const { rejected: reasons } = summary.manifest.ledger;
  if (reasons.length === 0) return false;
  return markup`<ul class="notes">${reasons.map(({ count, reason }) => markup`<li>rejected ${formatCount(count)}: ${reason}</li>`)}</ul>`;
}

function sources(sides: readonly Side[]): Markup {
  const rows = sides.flatMap(({ color, label, summary }) =>
    summary.manifest.source.map(({ bytes, file, format, sha256 }) => [
      plainText(file, 120),
      ...(sides.length > 1 ? [armName(label, color)] : []),
      format,
      formatBytes(bytes),
      markup`<code>${sha256.slice(0, HASH_SHOWN)}…</code>`,
    ]),
  );
  if (rows.length === 0) return markup`<p class="muted">No capture is named.</p>`;
  return table({
    caption: "Captures it was made from",
    columns: [
      { head: "Capture", class: "route" },
      ...(sides.length > 1 ? [{ head: "Profile" }] : []),
      { head: "Format" },
      { head: "Size", figure: true },
      { head: "SHA-256" },
    ],
    rows,
  });
}

const clockWords = (precisionNs: number): string =>
  precisionNs < NS_PER_US
    ? `steps of ${precisionNs} ns`
    : `steps of ${formatUs(precisionNs / NS_PER_US)}`;

/** Where a profile comes from, and what became of every record of it. */
export function origin(sides: readonly Side[]): Markup {
  const ledgers = sides.map(
    (side) =>
      markup`<p>${sides.length > 1 && armName(side.label, side.color)} ${ledgerWords(side)}</p>${rejections(side)}`,
  );
  const { manifest } = sides[0]!.summary;
  return markup`<section id="origin"><h2>Ledger and origin</h2><p class="lead">Every record of the captures accounted for, exactly.</p>${ledgers}<div class="after">${sources(sides)}</div>${terms(
    [
      ["Made by", manifest.provenance.madeBy],
      ["Clock", clockWords(manifest.timePrecisionNs)],
    ],
  )}</section>`;
}
