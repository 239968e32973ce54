import { formatRatio } from "../../core/index.ts";
import type { Check, CheckInput } from "./check.ts";

const NAME = "a/a history";

/**
 * Whether A/A runs of this host stand behind what a single run is told of how much runs differ. Without
 * them one run never ships: a number that the scenario names widens its interval, and may condemn it.
 * Several runs tell it themselves.
 */
export function history({ plan }: CheckInput): Check[] {
  const { betweenRunSd, calibrationSha256, primary, runs, runsInAll } = plan;
  if (primary === null || runs.length > 1 || runsInAll !== undefined) return [];
  const cure = "`shakedown calibrate` makes them, and `design.calibration` takes what they tell";
  if (betweenRunSd === null) {
    const summary = `none: how much runs differ here is not known; A/A runs would tell: ${cure}`;
    return [{ name: NAME, status: "open", summary }];
  }
  const sd = formatRatio(betweenRunSd);
  if (calibrationSha256 === undefined) {
    const summary = `that runs differ by ${sd} is the scenario's word, and no A/A runs of this host stand behind it, so one run never ships: ${cure}`;
    return [{ name: NAME, status: "open", summary }];
  }
  const file = calibrationSha256.slice(0, 12);
  const summary = `runs of one build differ by at most ${sd} on this host (calibration ${file})`;
  return [{ name: NAME, status: "pass", summary }];
}
