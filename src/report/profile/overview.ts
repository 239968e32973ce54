import { formatCount, formatDurationNs, formatRatePerSec } from "../../core/index.ts";
import type { ProfileManifest } from "../../profile/index.ts";
import { formatMoment } from "../page/headline.ts";
import { badge } from "../page/marks.ts";
import { type Markup, markup, table, terms } from "../page/markup.ts";
import { armName } from "../page/tables.ts";
import { NOTHING } from "../words.ts";
import type { Side } from "./model.ts";
import { known } from "./words.ts";

type Fact = readonly [name: string, of: (side: Side) => string];

const FACTS: readonly Fact[] = [
  ["Requests", ({ summary }) => formatCount(summary.requestCount)],
  [
    "Length",
    ({ summary }) => (summary.requestCount > 1 ? formatDurationNs(summary.durationNs) : NOTHING),
  ],
  ["Mean rate", ({ summary }) => known(summary.meanRatePerSec, formatRatePerSec)],
  [
    "Busiest second",
    ({ summary }) => known(summary.peakRatePerSec.over1S, (perSec) => formatRatePerSec(perSec)),
  ],
  ["Routes", ({ summary }) => formatCount(summary.routeCount)],
  [
    "Sessions",
    ({ summary }) => (summary.sessionCount === 0 ? NOTHING : formatCount(summary.sessionCount)),
  ],
  ["Distinct keys", ({ summary }) => known(summary.popularity?.distinct, formatCount)],
];

function facts(sides: readonly Side[]): Markup {
  if (sides.length === 1) {
    const tiles = FACTS.map(
      ([name, of]) => markup`<div><dt>${name}</dt><dd>${of(sides[0]!)}</dd></div>`,
    );
    return markup`<dl class="facts">${tiles}</dl>`;
  }
  return table({
    caption: "Both profiles in figures",
    columns: [
      { head: "" },
      ...sides.map(({ color, label }) => ({ head: armName(label, color), figure: true })),
    ],
    rows: FACTS.map(([name, of]) => [name, ...sides.map(of)]),
  });
}

function redactionOf({ redaction }: ProfileManifest): Markup {
  const { enabled, values } = redaction;
  if (!enabled) {
    return markup`${badge("fail", "not redacted")} The profile may hold secrets.`;
  }
  if (values.length === 0) return markup`Secrets were looked for; none was found.`;
  const counts = values.map(({ count, rule }) => `${rule} ${formatCount(count)}`).join(", ");
  return markup`${badge("pass", "redacted")} Values replaced, by rule: ${counts}.`;
}

const startOf = ({ startedAt }: ProfileManifest): string =>
  startedAt === undefined ? "not known" : formatMoment(startedAt);

/** Of each profile; of several, with its name. */
function named(sides: readonly Side[], of: (side: Side) => string | Markup): Markup {
  if (sides.length === 1) return markup`${of(sides[0]!)}`;
  return markup`<ul class="plain">${sides.map((side) => markup`<li>${armName(side.label, side.color)} ${of(side)}</li>`)}</ul>`;
}

function warningsOf(sides: readonly Side[]): Markup | false {
  const warnings = sides.flatMap(({ label, summary }) =>
    summary.manifest.warnings.map((text) => (sides.length === 1 ? text : `${label}: ${text}`)),
  );
  if (warnings.length === 0) return false;
  return markup`<ul class="warnings">${warnings.map((text) => markup`<li>${badge("small-harm", "warning")} ${text}</li>`)}</ul>`;
}

/** What it is, when it was captured, how much there is, what was redacted, and what to beware of. */
export function overview(sides: readonly Side[]): Markup {
  const title = sides.map(({ label }) => label).join(" and ");
  const { manifest } = sides[0]!.summary;
  const { attribution, licence } = manifest.provenance;
  const origin = [attribution, licence].filter((part) => part !== undefined).join(", ");
  return markup`<header>
<p class="brand">shakedown <span class="muted">profile</span></p>
<h1>${title}</h1>
${sides.length === 1 && origin !== "" && markup`<p class="muted small">${origin}</p>`}
</header>
<section id="overview" aria-label="Overview">
${facts(sides)}
${terms([
  ["Captured", named(sides, ({ summary }) => startOf(summary.manifest))],
  ["Redaction", named(sides, ({ summary }) => redactionOf(summary.manifest))],
])}
${warningsOf(sides)}
</section>`;
}
