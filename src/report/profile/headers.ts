import { formatCount, formatRatio } from "../../core/index.ts";
import type { HeaderName } from "../../profile/index.ts";
import { longText, type Markup, markup, type SortedCell, table } from "../page/markup.ts";
import { shareBar } from "../page/marks.ts";
import { armName } from "../page/tables.ts";
import { NOTHING } from "../words.ts";
import type { Side } from "./model.ts";
import { perSide } from "./words.ts";

const NAMES_MAX = 100;

const VALUES: Readonly<Record<NonNullable<HeaderName["values"]>, string>> = {
  constant: "the same for all",
  few: "a few",
  "per-session": "one for each session",
  unique: "another each time",
  many: "many",
};

function cacheWords({ summary }: Side): string {
  const { acceptEncoding, authorization, cacheControl, conditional, cookie } = summary.cacheability;
  return (
    [
      ["cookie", cookie],
      ["authorization", authorization],
      ["cache-control", cacheControl],
      ["accept-encoding", acceptEncoding],
      ["if-none-match or if-modified-since", conditional],
    ] as const
  )
    .map(([name, share]) => `${name} ${formatRatio(share)}`)
    .join(", ");
}

function names(sides: readonly Side[]): Markup {
  const byName = sides.map(
    ({ summary }) => new Map(summary.headerNames.map((one) => [one.value, one])),
  );
  const all = [...new Set(byName.flatMap((of) => [...of.keys()]))];
  const rows = all.slice(0, NAMES_MAX).map((name) => {
    const own = byName.map((of) => of.get(name));
    const shares = own.map((one) => one?.share ?? 0);
    const words = shares.map((share) => (share === 0 ? NOTHING : formatRatio(share))).join(" / ");
    const share: SortedCell = {
      shows: markup`<span class="share">${shareBar(shares)}<span>${words}</span></span>`,
      by: Math.max(...shares),
    };
    const kinds = own.map((one) => (one?.values ? VALUES[one.values] : NOTHING));
    return [longText(name), share, [...new Set(kinds)].join(" / ")];
  });
  const left = all.length - rows.length;
  return markup`${table({
    caption: "Header names",
    columns: [
      { head: "Header", class: "route", sort: "name" },
      { head: "Share of requests", sort: "figure" },
      { head: "Its values" },
    ],
    rows,
  })}${left > 0 && markup`<p class="muted small">${formatCount(left)} rarer names are left out here.</p>`}`;
}

function sets({ color, label, summary }: Side, several: boolean): Markup {
  const rows = summary.headerSets.map(({ count, names: of, share }) => [
    of.length === 0 ? markup`<span class="muted">none</span>` : longText(of.join(" ")),
    formatCount(count),
    formatRatio(share),
  ]);
  return markup`<details><summary>${formatCount(summary.headerSetCount)} ${summary.headerSetCount === 1 ? "set" : "sets"} of names that come together${several && markup`: ${armName(label, color)}`}</summary>${table(
    {
      caption: "Sets of header names",
      columns: [
        { head: "Names", class: "route" },
        { head: "Requests", figure: true },
        { head: "Share", figure: true },
      ],
      rows,
    },
  )}</details>`;
}

/** Which headers come, how their values go, and together with which. */
export function headers(sides: readonly Side[]): Markup {
  const some = sides.filter(({ summary }) => summary.headerNames.length > 0);
  if (some.length === 0) {
    return markup`<section id="headers"><h2>Headers</h2><p class="muted">The capture has no headers.</p></section>`;
  }
  return markup`<section id="headers"><h2>Headers</h2><p class="lead">What decides whether an answer can come from a cache: ${perSide(some, cacheWords)} of the requests.</p>${names(sides)}${some.map((side) => sets(side, some.length > 1))}</section>`;
}
