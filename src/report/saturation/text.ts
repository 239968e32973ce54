import { styleText } from "node:util";
import { formatRatio, formatRatePerSec, formatUs } from "../../core/index.ts";
import { plainText } from "../words.ts";
import type { Saturation, SaturationArm, SaturationStep } from "./model.ts";
import { comparisonWords, criterionWords, kneeWords, uslWords } from "./words.ts";

const MARKS = { holds: "✓", fails: "✗", late: "?" } as const;
const COLORS = { holds: "green", fails: "red", late: "yellow" } as const;
const P99_BAR = 26;
const GOODPUT_BAR = 12;
/** Steps of an eighth of a character. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;
const painter =
  (color: boolean): Paint =>
  (format, text) =>
    color ? styleText(format, text, { validateStream: false }) : text;

/** `✓ 1,240/s  goodput 100 %  p99 12.3 ms`, and why it did not hold; no line end. */
export function saturationStepLine(step: SaturationStep, color: boolean): string {
  const { goodputRatio, outcome, p99Us, ratePerSec, why } = step;
  const cells = [
    formatRatePerSec(ratePerSec).padStart(9),
    `goodput ${formatRatio(goodputRatio).padEnd(6)}`,
    `p99 ${formatUs(p99Us).padEnd(8)}`,
    why ?? "holds",
  ];
  return painter(color)(COLORS[outcome], `  ${MARKS[outcome]} ${cells.join("  ")}`.trimEnd());
}

/** Breaks at spaces; lines after the first are indented by two. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of plainText(text).split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "  ";
    }
    line = line.trim() === "" ? line + word : `${line} ${word}`;
  }
  return [...lines, line];
}

function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(Math.max(share, 0), 1) * width * 8);
  return ("█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!).padEnd(width);
}

/** p99 on a logarithmic scale and goodput from 0 to 100 %, a line for each step, by rate. */
function chart(arm: SaturationArm, { p99Limit, steps }: Saturation, paint: Paint): string[] {
  const own = steps
    .filter((step) => step.arm === arm.arm && step.offered > 0)
    .toSorted((a, b) => a.ratePerSec - b.ratePerSec);
  if (own.length === 0) return [];
  const times = [...own.map(({ p99Us }) => p99Us), ...(p99Limit === null ? [] : [p99Limit.us])];
  const [least, most] = [Math.min(...times), Math.max(...times)].map((us) =>
    Math.log(Math.max(us, 1)),
  );
  const share = (us: number): number =>
    0.04 + 0.96 * ((Math.log(Math.max(us, 1)) - least!) / (most! - least! || 1));
  const limitAt = p99Limit === null ? -1 : Math.round(share(p99Limit.us) * P99_BAR) - 1;
  const knee = own.findLast(({ ratePerSec }) => ratePerSec <= (arm.knee?.ratePerSec ?? 0));
  const head = `${"rate".padStart(11)}  ${"p99".padStart(8)}  ${"log scale, ┊ limit".padEnd(P99_BAR)}  goodput`;
  const rows = own.map((step) => {
    const line = Array.from(bar(share(step.p99Us), P99_BAR))
      .map((cell, at) => (at === limitAt && cell === " " ? "┊" : cell))
      .join("");
    const text = [
      `${MARKS[step.outcome]} ${formatRatePerSec(step.ratePerSec).padStart(9)}`,
      formatUs(step.p99Us).padStart(8),
      line,
      formatRatio(step.goodputRatio).padStart(6),
      bar(step.goodputRatio, GOODPUT_BAR).trimEnd(),
    ].join("  ");
    const marked = step === knee ? `${text.padEnd(69)} ◀ knee` : text;
    return paint(COLORS[step.outcome], marked.trimEnd());
  });
  return [paint("dim", head), ...rows];
}

/**
 * What a terminal shows at the end: the knee (two: how they compare), what was asked of a step, the
 * scalability law in words, and p99 and goodput over the rate, in at most 80 columns. Ends with a
 * line feed.
 */
export function renderSaturationText(
  saturation: Saturation,
  options: { readonly color: boolean },
): string {
  const paint = painter(options.color);
  const { arms, run, warnings } = saturation;
  const lines: string[] = [];
  const width = 80;
  if (!run.complete)
    lines.push(...wrapped(`Incomplete: ${run.incompleteBecause ?? ""}`, width), "");
  const compared = comparisonWords(saturation);
  if (compared !== null) {
    lines.push(...wrapped(compared, width).map((line) => paint("bold", line)), "");
  }
  for (const arm of arms) {
    const knee = arms.length > 1 ? `${arm.arm}: ${kneeWords(arm)}` : kneeWords(arm);
    lines.push(...wrapped(knee, width).map((line) => paint("bold", line)));
    lines.push(...wrapped(uslWords(arm), width), ...chart(arm, saturation, paint), "");
  }
  lines.push(...wrapped(criterionWords(saturation), width).map((line) => paint("dim", line)));
  for (const warning of warnings) lines.push(...wrapped(`warning: ${warning}`, width));
  return `${lines.join("\n")}\n`;
}
