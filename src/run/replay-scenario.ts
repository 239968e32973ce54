import { resolve } from "node:path";
import { canonicalJson, NS_PER_S, parseDurationNs, ShakedownError } from "../core/index.ts";
import type { StoredProfile } from "../profile/index.ts";
import { substitutionTexts } from "../replay/index.ts";
import { parseArrivals } from "../schedule/index.ts";
import { readCaptured, type Reading } from "./captured.ts";
import type { RunEvent } from "./live.ts";
import { checkedScenario, type LoadedScenario } from "./load-scenario.ts";
import { captureFacts } from "./plan-load.ts";
import { flagArms, type TargetFlags } from "./flag-arms.ts";
import type { ScenarioInput } from "./scenario/index.ts";

/** What `shakedown replay` is told: texts as they were typed. */
export interface ReplayFlags extends TargetFlags {
  readonly profile: string;
  readonly rate?: string;
  readonly arrivals?: string;
  readonly speed?: number;
  readonly duration?: string;
  readonly ramp?: string;
  readonly loop: boolean;
  readonly rekey: boolean;
  readonly connections?: number;
  readonly keepConnections: boolean;
  readonly maxInFlight?: number;
  readonly workers?: string;
  readonly transport: "auto" | "wire" | "undici";
  readonly pacing: "auto" | "spin" | "alarm" | "timer";
  readonly timeout?: string;
  readonly bodyLimit?: string;
  readonly filter: NonNullable<ScenarioInput["filter"]>;
  readonly sample?: string;
  readonly by?: "request" | "session";
  readonly substitute: readonly string[];
  readonly redact: boolean;
  readonly metric?: string;
  readonly margin?: string;
  readonly betweenRunSd?: string;
  readonly calibration?: string;
  readonly seed?: string;
}

/** How long a replay lasts that has no other measure: all records arrive at one moment. */
const DEFAULT_S = 10;

const nanoseconds = (durationNs: number): string => `${Math.ceil(durationNs)}ns`;

/** How long the replay lasts: what was asked for, or as long as the capture at its speed. */
function durationNsOf(flags: ReplayFlags, profile: StoredProfile): number {
  if (flags.duration !== undefined) {
    const durationNs = parseDurationNs(flags.duration);
    if (durationNs > 0) return durationNs;
    throw new ShakedownError("USAGE", "--duration is nothing", { hint: "write more than 0s" });
  }
  if (flags.loop) {
    throw new ShakedownError("USAGE", "--loop has no end by itself", {
      hint: "say how long: --loop --duration 10m",
    });
  }
  return captureFacts(profile, flags.speed ?? 1)?.periodNs ?? DEFAULT_S * NS_PER_S;
}

/** The ramp, which is not judged, and the time at the full rate. */
function stagesOf(flags: ReplayFlags, durationNs: number): ScenarioInput["stages"] {
  if (flags.ramp === undefined)
    return [{ name: "replay", rate: "100%", for: nanoseconds(durationNs) }];
  const rampNs = parseDurationNs(flags.ramp);
  if (!(rampNs > 0 && rampNs < durationNs)) {
    throw new ShakedownError("USAGE", `--ramp ${flags.ramp} leaves no time at the full rate`, {
      hint: "make it longer than 0s and shorter than the duration",
    });
  }
  return [
    { name: "ramp", from: "0%", rate: "100%", for: nanoseconds(rampNs), judge: false },
    { name: "replay", rate: "100%", for: nanoseconds(durationNs - rampNs) },
  ];
}

function hypothesisOf(flags: ReplayFlags) {
  const { betweenRunSd, calibration, control, margin, metric, target } = flags;
  if (control === undefined) {
    const given = {
      "--metric": metric,
      "--margin": margin,
      "--between-run-sd": betweenRunSd,
      "--calibration": calibration,
    };
    for (const [flag, value] of Object.entries(given)) {
      if (value === undefined) continue;
      throw new ShakedownError("USAGE", `${flag} is for two targets, and there is no --control`);
    }
    return {};
  }
  return {
    hypothesis: {
      if: `${target} takes the traffic instead of ${control}`,
      then: { metric: metric ?? "response_time_p99", margin: margin ?? "10%" },
    },
    design: {
      ...(betweenRunSd === undefined ? {} : { betweenRunSd }),
      ...(calibration === undefined ? {} : { calibration: resolve(calibration) }),
    },
  };
}

function loadOf(flags: ReplayFlags): Partial<ScenarioInput> {
  if (flags.by !== undefined && flags.sample === undefined) {
    throw new ShakedownError("USAGE", "--by says what --sample draws, and there is no --sample");
  }
  const workers =
    flags.workers === undefined || flags.workers === "auto" ? "auto" : Number(flags.workers);
  // Checks the texts under the flags' own names; the scenario takes them as they are.
  if (flags.arrivals !== undefined) parseArrivals(flags.arrivals);
  return {
    rate: flags.rate ?? "1x",
    arrivals: flags.arrivals ?? "recorded",
    loop: flags.loop,
    rekey: flags.rekey,
    keepConnections: flags.keepConnections,
    transport: flags.transport,
    pacing: flags.pacing,
    workers,
    redact: flags.redact,
    substitute: flags.substitute.map(substitutionTexts),
    ...(flags.speed === undefined ? {} : { speed: flags.speed }),
    ...(flags.connections === undefined ? {} : { connections: flags.connections }),
    ...(flags.maxInFlight === undefined ? {} : { inFlightMax: flags.maxInFlight }),
    ...(flags.timeout === undefined ? {} : { timeout: flags.timeout }),
    ...(flags.bodyLimit === undefined ? {} : { bodyLimit: flags.bodyLimit }),
    ...(Object.keys(flags.filter).length === 0 ? {} : { filter: flags.filter }),
    ...(flags.sample === undefined
      ? {}
      : { sample: { share: flags.sample, by: flags.by ?? "request" } }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
  };
}

/**
 * The scenario that the flags of `shakedown replay` come to: the same in every way as one from a
 * file, and checked as one. With `control`, the target is the variant. The profile that it has
 * captured is to be disposed of, as `runScenario` does.
 * @throws USAGE, and what reading the profile throws
 */
export async function replayScenario(
  flags: ReplayFlags,
  signal: AbortSignal,
  {
    onEvent,
    reading = {},
  }: { readonly reading?: Reading; readonly onEvent?: (event: RunEvent) => void } = {},
): Promise<LoadedScenario> {
  const { control, target } = flagArms(flags);
  const arms = control === null ? { target } : { control, variant: target };
  const common = {
    scenario: "replay",
    profile: resolve(flags.profile),
    arms,
    ...loadOf(flags),
    ...hypothesisOf(flags),
  };
  // Without stages yet: how long they last depends on what is kept of the profile.
  const first = checkedScenario({ ...common, stages: [{ rate: "100%", for: "1s" }] });
  const { profile: path, seed } = first;
  onEvent?.({ kind: "reading", path: flags.profile });
  const captured = await readCaptured(path, { scenario: first, seed, signal, reading });
  try {
    const stages = stagesOf(flags, durationNsOf(flags, captured.profile));
    const data = { ...common, stages };
    const scenario = checkedScenario(data);
    const text = canonicalJson(data);
    const dir = resolve(".");
    const from = { path: "replay", fromFlags: true, dir, text };
    return { ...from, scenario, profilePath: scenario.profile, captured };
  } catch (thrown) {
    captured.profile[Symbol.dispose]();
    throw thrown;
  }
}
