import { confidenceWords, formatEffect, metricWords, plainText } from "../words.ts";
import type { ReportModel } from "../model.ts";
import type { ChartData } from "./chart-data.ts";
import { figure } from "./figure.ts";
import { type Markup, markup } from "./markup.ts";
import type { LiftData } from "./lift-data.ts";

function lastWords({ arms }: ChartData, lift: LiftData): string {
  const { kind, unit } = lift;
  const scale = { unit, effect: { kind, estimate: 0, low: 0, high: 0, confidence: 0 } };
  const words = lift.lines.map(({ arm, estimate, high, looked, low }) => {
    const last = estimate.findLastIndex((value) => value !== null);
    if (last === -1) {
      const seen = looked.findLast((value) => value !== null) ?? Number.NaN;
      return `${plainText(arms[arm] ?? "", 60)}: too few blocks for a band, ${formatEffect(scale, seen)} at the last look`;
    }
    const [value, from, to] = [estimate, low, high].map((series) =>
      formatEffect(scale, series[last] ?? Number.NaN),
    );
    return `${plainText(arms[arm] ?? "", 60)}: ${value}, band ${from} to ${to}`;
  });
  return `Last, with a band: ${words.join("; ")}. Margin ${formatEffect(scale, lift.margin)}.`;
}

/** How the effect on the primary metric and each guardrail grew while it ran; nothing for several runs. */
export function lifts(model: ReportModel, data: ChartData): Markup | false {
  if (data.lifts.length === 0) return false;
  const pictures = data.lifts.map((lift, index) =>
    figure({
      chart: `lift:${index}`,
      title: `${plainText(metricWords(lift.metric), 60)}: effect so far`,
      says: lastWords(data, lift),
    }),
  );
  const { confidence } = model.result.comparisons.find(({ effect }) => effect !== null)?.effect ?? {
    confidence: 0.95,
  };
  return markup`<section id="lift"><h2>How the effect grew</h2><p class="lead">Each stage begins anew, and every point of the line is the effect over all of its blocks so far, from where there are enough to tell how much they vary. The band holds the effect at all points together with ${confidenceWords(confidence)} confidence, however often it is looked at, so that it is wider than the verdict’s interval. Dots are what the looks saw as it ran; the dashed line is the margin, and the shaded side is harm.</p>
${pictures[0] ?? false}<div class="pair">${pictures.slice(1)}</div></section>`;
}
