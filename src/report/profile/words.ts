import { formatCount, formatUs } from "../../core/index.ts";
import type { QuantileSummary } from "../../profile/index.ts";
import { NOTHING, plainText } from "../words.ts";
import type { Side } from "./model.ts";

/** Of one profile the words; of two, each with its name before it. */
export function perSide<One extends Side>(
  sides: readonly One[],
  words: (side: One) => string,
): string {
  if (sides.length === 1) return words(sides[0]!);
  return sides.map((side) => `${plainText(side.label, 60)}: ${words(side)}`).join("; ");
}

export type FormatValue = (value: number) => string;

/** A figure that may not be known. */
export const known = (value: number | null | undefined, format: FormatValue): string =>
  value === null || value === undefined ? NOTHING : format(value);

/** `median 12 ms, p90 31 ms, p99 88 ms, at most 102 ms`; what too few values cannot tell is left out. */
export function quantileWords(summary: QuantileSummary, format: FormatValue): string {
  const { max, p50, p90, p99 } = summary;
  const parts = [
    `median ${format(p50)}`,
    ...(p90 === null ? [] : [`p90 ${format(p90)}`]),
    ...(p99 === null ? [] : [`p99 ${format(p99)}`]),
    `at most ${format(max)}`,
  ];
  return parts.join(", ");
}

/** Three significant digits: `0.912`, `13.2`. */
export const formatIndex: FormatValue = (value) => String(Number(value.toPrecision(3)));

const FINEST_US = 0.001;

/** How finely times were captured, where that may be seen in a picture. */
export function stepWords(stepUs: number | null): string {
  if (stepUs === null || stepUs <= FINEST_US) return "";
  return ` Captured in steps of ${formatUs(stepUs)}.`;
}

/** `1 request`, `12 requests`. */
export const counted = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
