import { formatCount, formatRatio, formatUs } from "../../core/index.ts";
import type { DependencyArm, ReportModel } from "../model.ts";
import { NOTHING, orderedArms } from "../words.ts";
import { type Markup, markup, table } from "./markup.ts";
import { armName } from "./tables.ts";

/** `40 / 12 %`: how many different things were asked for, and the share of the most wanted. */
function keyWords(keys: DependencyArm["keys"], calls: number): string {
  if (keys === null || calls === 0) return NOTHING;
  return `${formatCount(keys.distinct)} / ${formatRatio(keys.topCalls / calls)}`;
}

/** What the emulator saw of one dependency, by arm. */
export function emulatedCalls(model: ReportModel, dependency: string): Markup {
  const { result } = model;
  const drawn = model.dependencies.find((one) => one.dependency === dependency)?.arms ?? [];
  const byArm = result.emulator[dependency] ?? {};
  const rows = orderedArms(result).flatMap(([name, _arm], index) => {
    const calls = byArm[name];
    if (calls === undefined) return [];
    const delay =
      calls.calls === 0
        ? NOTHING
        : `${formatUs(calls.delayErrorUs.p50)} / ${formatUs(calls.delayErrorUs.p99)}`;
    return [
      [
        armName(name, index),
        ...[
          calls.calls,
          calls.errors,
          calls.limited,
          calls.early,
          calls.rejected,
          calls.aborted,
          calls.inFlightMax,
          calls.connectionsMax,
        ].map(formatCount),
        keyWords(drawn.find(({ arm }) => arm === name)?.keys ?? null, calls.calls),
        delay,
      ],
    ];
  });
  if (rows.length === 0) return markup`<p class="muted">No call reached the emulator.</p>`;
  return table({
    caption: `Calls to ${dependency}, by arm`,
    columns: [
      { head: "Arm" },
      ...[
        "Calls",
        "Errors",
        "Limited",
        "Too early",
        "Turned away",
        "Aborted",
        "In flight, max",
        "Connections, max",
        "Keys / most wanted",
        "Delay error p50 / p99",
      ].map((head) => ({ head, figure: true })),
    ],
    rows,
  });
}
