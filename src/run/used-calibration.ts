import { resolve } from "node:path";
import { messageOf, sha256Hex, ShakedownError } from "../core/index.ts";
import {
  calibrationMismatch,
  calibrationSchema,
  familyOf,
  type Interference,
  metricLabel,
  type MetricSpec,
} from "../experiment/index.ts";
import { flagFaults, type LoadedScenario } from "./load-scenario.ts";
import { nowIso } from "./now-iso.ts";
import { readTextFile } from "./text-file.ts";
import { type Faults, faultsIn } from "./yaml-file.ts";
import { hostFingerprint } from "./host.ts";

/** What a plan takes from a calibration. */
export interface UsedCalibration {
  readonly betweenRunSd: number;
  /** What company does to control; null where it was not measured. */
  readonly interference: Interference | null;
  /** Of the file, as it was read. */
  readonly sha256: string;
}

const NAMED = {
  what: "calibration",
  hint: "`shakedown calibrate` makes one for a scenario on this host",
};

/**
 * Why no plan can take how much runs differ from a calibration of this metric; null where one can.
 * `betweenRunSd` is on the log scale, and widens what is compared by its ratio.
 */
export function notTakenBecause(spec: MetricSpec): string | null {
  if (familyOf(spec).effect === "relative") return null;
  return (
    `is of ${metricLabel(spec)}, whose arms are compared by a difference, and betweenRunSd is of a ` +
    "ratio: plan two runs or more (design.runs) instead"
  );
}

/** The file's text; null, and a fault where the scenario names it, when it cannot be read. */
function textOf(path: string, faults: Faults): string | null {
  try {
    return readTextFile(path, NAMED);
  } catch (thrown) {
    faults.in(["design", "calibration"], messageOf(thrown));
    return null;
  }
}

function parsed(text: string, faults: Faults) {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (thrown) {
    faults.in(["design", "calibration"], `what it names is not JSON: ${messageOf(thrown)}`);
    return null;
  }
  const read = calibrationSchema.safeParse(data);
  if (read.success) return read.data;
  const { message, path } = read.error.issues[0]!;
  const where = path.length === 0 ? "" : ` at ${path.map(String).join(".")}`;
  faults.in(["design", "calibration"], `what it names is not a calibration${where}: ${message}`);
  return null;
}

/**
 * The calibration that a scenario names, if it names one, held against this host, this moment, the
 * profile and the primary metric.
 * @throws SCENARIO_INVALID, with line and column, where it cannot be read or does not hold; USAGE where
 * a flag names it
 */
export function usedCalibration(
  loaded: LoadedScenario,
  here: { readonly profileSha256: string; readonly version: string },
): UsedCalibration | null {
  const { dir, fromFlags = false, path, scenario, text } = loaded;
  const { calibration: file } = scenario.design;
  if (file === undefined || scenario.hypothesis === undefined) return null;
  const faults = fromFlags ? flagFaults() : faultsIn(path, text);
  const found = textOf(resolve(dir, file), faults);
  const calibration = found === null ? null : parsed(found, faults);
  const why =
    calibration === null
      ? null
      : calibrationMismatch(calibration, {
          nowIso: nowIso(),
          hostFingerprint: hostFingerprint().fingerprint,
          profileSha256: here.profileSha256,
          design: scenario.design.kind,
          metric: metricLabel(scenario.hypothesis.then),
          toolVersion: here.version,
        });
  const none = why ?? notTakenBecause(scenario.hypothesis.then);
  if (none !== null) faults.in(["design", "calibration"], `${file} ${none}`);
  if (found === null || calibration === null || faults.told.length > 0) {
    const code = fromFlags ? "USAGE" : "SCENARIO_INVALID";
    throw new ShakedownError(code, faults.told.join("\n"), { hint: NAMED.hint });
  }
  const { betweenRunSd, interference } = calibration;
  return { betweenRunSd, interference, sha256: sha256Hex(found) };
}
