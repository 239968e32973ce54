import { formatRatio } from "../core/index.ts";

/** `+620 %` of a relative effect, `+2.31 pp` (percentage points) of a difference of ratios. */
export function amount(value: number, kind: "relative" | "difference", signed = true): string {
  const text = formatRatio(value, { signed }).replace("-", "−");
  return kind === "difference" ? text.replace(" %", " pp") : text;
}
