import { Footnotes } from "../footnotes.ts";
import type { CheckRow, ComparisonRow, FindingRow } from "../model.ts";
import { formatEffect, intervalWords, type Outcome } from "../words.ts";
import { type Markup, markup } from "./markup.ts";

/* Small pictures drawn as SVG in the page itself. Shape carries the meaning; colour repeats it. */

type Tone = "good" | "doubt" | "bad";

const TONES: Readonly<
  Record<Outcome | ComparisonRow["status"] | FindingRow["status"] | CheckRow["status"], Tone>
> = {
  measured: "good",
  ship: "good",
  hold: "doubt",
  "roll-back": "bad",
  "within-margin": "good",
  "small-harm": "doubt",
  improved: "good",
  "no-gain": "doubt",
  inconclusive: "doubt",
  harm: "bad",
  pass: "good",
  shared: "doubt",
  open: "doubt",
  doubt: "doubt",
  fail: "bad",
};

const SHAPES: Readonly<Record<keyof typeof TONES, string>> = {
  measured: "tick",
  ship: "tick",
  hold: "pause",
  "roll-back": "back",
  "within-margin": "tick",
  "small-harm": "triangle",
  improved: "tick",
  "no-gain": "question",
  inconclusive: "question",
  harm: "cross",
  pass: "tick",
  shared: "triangle",
  open: "question",
  doubt: "question",
  fail: "cross",
};

/** The shapes, once in the page; `icon` refers to them. */
export const ICON_SHEET: Markup = markup`<svg width="0" height="0" class="unseen" aria-hidden="true" focusable="false"><defs>
<symbol id="i-tick" viewBox="0 0 24 24"><circle cx="12" cy="12" r="11"/><path class="ink" d="M6.8 12.4l3.5 3.6 7-7.6"/></symbol>
<symbol id="i-cross" viewBox="0 0 24 24"><path d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z"/><path class="ink" d="M8.2 8.2l7.6 7.6m0-7.6l-7.6 7.6"/></symbol>
<symbol id="i-triangle" viewBox="0 0 24 24"><path d="M12 1.6L23.4 22H.6z"/><path class="ink" d="M12 9v6m0 3.2v.1"/></symbol>
<symbol id="i-question" viewBox="0 0 24 24"><rect x="1.5" y="1.5" width="21" height="21" rx="4"/><path class="ink" d="M8.7 9.2c0-1.9 1.4-3.2 3.3-3.2s3.3 1.2 3.3 3c0 2.4-3.3 2.6-3.3 5m0 3.6v.1"/></symbol>
<symbol id="i-pause" viewBox="0 0 24 24"><rect x="1.5" y="1.5" width="21" height="21" rx="4"/><path class="ink" d="M9 7.5v9m6-9v9"/></symbol>
<symbol id="i-back" viewBox="0 0 24 24"><path d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z"/><path class="ink" d="M9.4 6.4L6 9.8l3.4 3.4M6.4 9.8h7.2a4 4 0 0 1 0 8H10"/></symbol>
</defs></svg>`;

/** A status as its shape. Always stands beside its word, so it is hidden from screen readers. */
export function icon(status: keyof typeof TONES): Markup {
  return markup`<svg class="icon ${TONES[status]}" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><use href="#i-${SHAPES[status]}"/></svg>`;
}

/** The icon, then the word. */
export function badge(status: keyof typeof TONES, word: string): Markup {
  return markup`<span class="badge ${TONES[status]}">${icon(status)}<span>${word}</span></span>`;
}

/** What the marks in a table stand for; nothing where there were none. */
export function footnoteList({ texts }: Footnotes): Markup | false {
  const notes = texts.map(
    (text, index) => markup`<li>${Footnotes.superscript(index + 1)} ${text}</li>`,
  );
  return notes.length > 0 && markup`<ul class="plain footnotes">${notes}</ul>`;
}

/** `good`, `doubt` or `bad`: the class that colours a part of the page. */
export function toneOf(status: keyof typeof TONES): Tone {
  return TONES[status];
}

const BAR = { width: 150, height: 30, inset: 8, middle: 15 } as const;

/**
 * The effect's interval against zero (thin line) and the margin (dashed line, beyond it shaded as
 * harm). Every bar has its own scale; the numbers stand beside it.
 */
export function intervalBar(row: ComparisonRow): Markup {
  const { effect, margin } = row;
  if (effect === null) return markup`<span class="muted">not judged</span>`;
  const ends = [effect.low, effect.high, effect.estimate, margin, 0];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const span = most - least || 1;
  const x = (value: number): number => {
    const at = BAR.inset + ((value - least) / span) * (BAR.width - 2 * BAR.inset);
    return Math.round(at * 10) / 10;
  };
  const [low, high, edge, zero] = [x(effect.low), x(effect.high), x(margin), x(0)];
  const words = `interval ${intervalWords(row)}, margin ${formatEffect(row, margin, false)}`;
  const harmFrom = margin >= 0 ? edge : 0;
  const harmWidth = margin >= 0 ? BAR.width - edge : edge;
  return markup`<svg class="interval" viewBox="0 0 ${BAR.width} ${BAR.height}" width="${BAR.width}" height="${BAR.height}" role="img" aria-label="${words}"><rect class="harm-zone" x="${harmFrom}" y="2" width="${harmWidth}" height="26"/><line class="zero" x1="${zero}" x2="${zero}" y1="2" y2="28"/><line class="edge" x1="${edge}" x2="${edge}" y1="2" y2="28"/><line class="range ${toneOf(row.status)}" x1="${low}" x2="${Math.max(high, low + 0.5)}" y1="${BAR.middle}" y2="${BAR.middle}"/><circle class="point ${toneOf(row.status)}" cx="${x(effect.estimate)}" cy="${BAR.middle}" r="4.5"/></svg>`;
}

/**
 * An effect's interval against zero on a scale that a whole column shares, so that rows can be compared:
 * `least` to `most` on the effect's own scale; what lies beyond is cut off there.
 */
export function forestBar(
  row: Pick<ComparisonRow, "effect" | "unit" | "better">,
  [least, most]: readonly [number, number],
): Markup {
  const { better, effect } = row;
  if (effect === null) return markup`<span class="muted">not judged</span>`;
  const span = most - least || 1;
  const x = (value: number): number => {
    const at = (Math.min(Math.max(value, least), most) - least) / span;
    return Math.round((BAR.inset + at * (BAR.width - 2 * BAR.inset)) * 10) / 10;
  };
  const [low, high, zero] = [x(effect.low), x(effect.high), x(0)];
  const worse = better === "higher" ? effect.high < 0 : effect.low > 0;
  const other = better === "higher" ? effect.low > 0 : effect.high < 0;
  const tone: Tone = worse ? "bad" : other ? "good" : "doubt";
  return markup`<svg class="interval" viewBox="0 0 ${BAR.width} ${BAR.height}" width="${BAR.width}" height="${BAR.height}" role="img" aria-label="interval ${intervalWords(row)}"><line class="zero" x1="${zero}" x2="${zero}" y1="2" y2="28"/><line class="range ${tone}" x1="${low}" x2="${Math.max(high, low + 0.5)}" y1="${BAR.middle}" y2="${BAR.middle}"/><circle class="point ${tone}" cx="${x(effect.estimate)}" cy="${BAR.middle}" r="4.5"/></svg>`;
}

const SHARE_BAR = { width: 96, height: 8, gap: 2 } as const;

/** A bar for each share (0…1), one below the other, in the colours of their places. Words stand beside. */
export function shareBar(shares: readonly number[]): Markup {
  const step = SHARE_BAR.height + SHARE_BAR.gap;
  const height = shares.length * step;
  const bars = shares.map((share, index) => {
    const width = share > 0 ? Math.max(1, Math.round(share * SHARE_BAR.width * 10) / 10) : 0;
    return markup`<rect class="arm-${index % 5}" x="0" y="${index * step}" width="${width}" height="${SHARE_BAR.height}"/>`;
  });
  return markup`<svg class="share-bar" viewBox="0 0 ${SHARE_BAR.width} ${height}" width="${SHARE_BAR.width}" height="${height}" aria-hidden="true" focusable="false">${bars}</svg>`;
}
