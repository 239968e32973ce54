import { cpus, platform, release } from "node:os";
import { NS_PER_S } from "../../core/index.ts";
import type { StoredProfile } from "../../profile/index.ts";
import {
  type Saturation,
  type SaturationArm,
  SATURATION_SCHEMA_VERSION,
  type SaturationStep,
} from "../../report/index.ts";
import { fitUsl } from "../../stats/index.ts";
import { compareKnees, kneeOf } from "./knees.ts";
import type { SaturateOptions } from "./options.ts";
import { GOODPUT_MIN } from "./step.ts";

/** What was measured, and all that it depended on. */
export interface SaturationParts {
  readonly options: SaturateOptions;
  readonly profile: StoredProfile;
  readonly version: string;
  readonly run: Omit<Saturation["run"], "host">;
  readonly limit: Saturation["p99Limit"];
  readonly arms: readonly Omit<SaturationArm, "knee" | "usl">[];
  readonly steps: readonly SaturationStep[];
  readonly warnings: readonly string[];
}

/** Makes the result: knees, laws and the comparison follow from the steps and searches alone. */
export function saturationResult(parts: SaturationParts): Saturation {
  const { arms, limit, options, profile, run, steps, version, warnings } = parts;
  const { scenario } = options.arms[0]!.loaded;
  const [control, target] = arms;
  return {
    schemaVersion: SATURATION_SCHEMA_VERSION,
    tool: { name: "shakedown", version },
    run: {
      ...run,
      host: { node: process.version, os: `${platform()} ${release()}`, cpus: cpus().length },
    },
    profile: { name: profile.manifest.name, records: profile.records.length },
    load: {
      arrivals: scenario.arrivals.kind,
      stepS: options.stepNs / NS_PER_S,
      judgedFromS: options.settleNs / NS_PER_S,
      timeoutS: scenario.timeout / NS_PER_S,
      precision: options.precision,
      maxPerSec: options.maxPerSec,
      inFlightMax: scenario.inFlightMax,
    },
    goodputMin: GOODPUT_MIN,
    p99Limit: limit,
    arms: arms.map((arm) => ({
      ...arm,
      knee: kneeOf(arm.searches),
      // What a late generator sent was not what was meant.
      usl: fitUsl(steps.filter((step) => step.arm === arm.arm && step.outcome !== "late")),
    })),
    comparison:
      control === undefined || target === undefined
        ? null
        : compareKnees(control.searches, target.searches, options.margin),
    steps: [...steps],
    warnings: [...warnings],
  };
}
