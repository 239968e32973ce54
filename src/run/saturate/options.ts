import { resolve } from "node:path";
import {
  canonicalJson,
  NS_PER_S,
  parseDurationNs,
  parseRatePerSec,
  parseRatio,
  ShakedownError,
} from "../../core/index.ts";
import { flagArms, type TargetFlags } from "../flag-arms.ts";
import { checkedScenario, type LoadedScenario } from "../load-scenario.ts";
import type { ScenarioInput } from "../scenario/index.ts";

/** What `shakedown saturate` is told: texts as they were typed. */
export interface SaturateFlags extends TargetFlags {
  readonly profile: string;
  readonly arrivals: "poisson" | "uniform";
  readonly step: string;
  readonly p99?: string;
  readonly precision: string;
  readonly maxRate: string;
  readonly runs?: number;
  readonly margin: string;
  readonly timeout: string;
  readonly maxInFlight?: number;
  readonly workers?: string;
  readonly transport: "auto" | "wire" | "undici";
  readonly pacing: "auto" | "spin" | "alarm" | "timer";
  readonly redact: boolean;
  readonly seed?: string;
}

/** The flags, read and checked. */
export interface SaturateOptions {
  /** By arm: the same scenario against each target alone. The control comes first. */
  readonly arms: readonly { readonly name: string; readonly loaded: LoadedScenario }[];
  readonly seed: string;
  readonly stepNs: number;
  /** A step's beginning that is not judged. */
  readonly settleNs: number;
  /** Null: a multiple of what a light step shows. */
  readonly p99LimitUs: number | null;
  readonly precision: number;
  readonly maxPerSec: number;
  readonly runs: number;
  readonly margin: number;
}

const SETTLE_SHARE = 0.2;
const STEP_NS_MIN = NS_PER_S / 2;
const RUNS_MAX = 50;

function refuse(message: string, hint: string): never {
  throw new ShakedownError("USAGE", message, { hint });
}

function between(flag: string, text: string, [least, most]: readonly [number, number]): number {
  const ratio = parseRatio(text);
  if (ratio >= least && ratio <= most) return ratio;
  return refuse(`--${flag} ${text} is out of bounds`, `write ${least * 100}% to ${most * 100}%`);
}

function positiveNs(flag: string, text: string, leastNs: number): number {
  const durationNs = parseDurationNs(text);
  if (durationNs >= leastNs && durationNs > 0) return durationNs;
  return refuse(`--${flag} ${text} is too short`, `write at least ${leastNs / NS_PER_S}s`);
}

type Arm = ReturnType<typeof flagArms>["target"];

function scenarioOf(flags: SaturateFlags, target: Arm, stepNs: number): LoadedScenario {
  const workers = flags.workers ?? "auto";
  const data: ScenarioInput = {
    scenario: "saturate",
    profile: resolve(flags.profile),
    arms: { target },
    rate: "1/s",
    arrivals: flags.arrivals,
    transport: flags.transport,
    pacing: flags.pacing,
    redact: flags.redact,
    timeout: flags.timeout,
    workers: workers === "auto" ? "auto" : Number(workers),
    ...(flags.maxInFlight === undefined ? {} : { inFlightMax: flags.maxInFlight }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    stages: [{ name: "step", rate: "100%", for: `${stepNs / NS_PER_S}s` }],
  };
  const scenario = checkedScenario(data);
  const text = canonicalJson(data);
  return { path: "saturate", dir: resolve("."), text, scenario, profilePath: scenario.profile };
}

/** @throws USAGE naming the flag at fault */
export function saturateOptions(flags: SaturateFlags): SaturateOptions {
  const stepNs = positiveNs("step", flags.step, STEP_NS_MIN);
  const { control, target } = flagArms(flags);
  const runs = flags.runs ?? (control === null ? 1 : 3);
  if (!(Number.isInteger(runs) && runs >= 1 && runs <= RUNS_MAX)) {
    refuse(`--runs ${runs} is out of bounds`, `write a whole number from 1 to ${RUNS_MAX}`);
  }
  const loaded = scenarioOf(flags, target, stepNs);
  const arms = [{ name: "target", loaded }];
  if (control !== null) {
    arms.unshift({ name: "control", loaded: scenarioOf(flags, control, stepNs) });
  }
  return {
    arms,
    seed: loaded.scenario.seed,
    stepNs,
    settleNs: Math.round(stepNs * SETTLE_SHARE),
    p99LimitUs: flags.p99 === undefined ? null : positiveNs("p99", flags.p99, 1_000) / 1_000,
    precision: between("precision", flags.precision, [0.01, 1]),
    maxPerSec: parseRatePerSec(flags.maxRate),
    runs,
    margin: between("margin", flags.margin, [0, 0.99]),
  };
}
