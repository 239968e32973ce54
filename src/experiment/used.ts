import { cpuSecondsBy, type UsageSample } from "../measure/index.ts";
import type { ProcessSample } from "../telemetry/index.ts";
import type { Cut } from "./blocks.ts";

/** Credits what was used between a block's boundaries to it. */
export function countUsage(
  { stages }: Cut,
  arms: readonly string[],
  usage: readonly UsageSample[],
): void {
  for (const { blocks, stage } of stages) {
    for (const [index, arm] of arms.entries()) {
      let fromS = cpuSecondsBy(usage, arm, stage.judgedFromNs!);
      for (const [place, block] of (blocks[index] ?? []).entries()) {
        const toS = cpuSecondsBy(usage, arm, stage.judgedFromNs! + (place + 1) * stage.blockNs);
        block.cpuS = fromS === null || toS === null ? null : toS - fromS;
        fromS = toS;
      }
    }
  }
}

/** Credits what was seen of an arm's processes to the block in which they were looked at. */
export function countPeaks(
  cut: Cut,
  arms: readonly string[],
  processes: readonly ProcessSample[],
): void {
  for (const sample of processes) {
    for (const [index, arm] of arms.entries()) {
      const block = cut.at(index, sample.atNs);
      const seen = sample.arms[arm];
      if (block === undefined || seen === undefined) continue;
      block.peakBytes = Math.max(block.peakBytes ?? 0, seen.peakBytes ?? seen.rssBytes);
    }
  }
}
