import { parse } from "yaml";
import {
  canonicalJson,
  formatDurationNs,
  parseDurationNs,
  parseRatePerSec,
  parseRatio,
  ShakedownError,
} from "../core/index.ts";
import { notOfTcpBecause } from "../emulator/index.ts";
import { meant } from "./data-faults.ts";
import { checkedScenario, type LoadedScenario, loadScenario } from "./load-scenario.ts";
import {
  COLD,
  COURSE_KINDS,
  type CourseKind,
  type CourseName,
  type CourseRate,
  courseStages,
} from "./probe-course.ts";
import type { Scenario, ScenarioInput } from "./scenario/index.ts";

/** What `shakedown probe` is told: texts as they were typed. */
export interface ProbeFlags {
  readonly scenario: string;
  readonly course: CourseName;
  readonly stage: string;
  readonly rate: string;
  readonly only: readonly string[];
}

/** A course of probes as a scenario like any other, and what there is to say of it beforehand. */
export interface ProbeCourse {
  readonly loaded: LoadedScenario;
  readonly stages: number;
  /** The traffic's length; arms start and end beside it. */
  readonly durationNs: number;
  readonly dependencies: readonly string[];
  /** Dependencies of which no errors are asked: real ones, behind a proxy of TCP. */
  readonly errorless: readonly string[];
  /** Whether caches are emptied: left out where nobody asks for it, or the scenario does not say how. */
  readonly cold: "probed" | "not asked" | "no flush";
}

function rateOf(text: string): CourseRate {
  if (!text.trim().endsWith("%")) return { value: parseRatePerSec(text), unit: "/s" };
  const value = parseRatio(text) * 100;
  if (value > 0) return { value, unit: "%" };
  throw new ShakedownError("USAGE", `--rate ${text} is nothing`, {
    hint: "a share of the scenario's rate such as 50%, or 60/s",
  });
}

function stageNsOf(text: string): number {
  const stageNs = parseDurationNs(text);
  if (stageNs >= STAGE_LEAST_NS) return stageNs;
  const least = formatDurationNs(STAGE_LEAST_NS);
  throw new ShakedownError("USAGE", `--stage ${text} is too short to see anything`, {
    hint: `write ${least} or more; 5s is usual`,
  });
}
const STAGE_LEAST_NS = 500e6;

/** What can be done to a dependency: one that is really there has no errors of ours. */
const kindsOf = ({ protocol }: Scenario["dependencies"][string]): readonly CourseKind[] =>
  protocol === "http" ? COURSE_KINDS : COURSE_KINDS.filter((kind) => kind !== "errors");

/**
 * `payments`, or `payments:latency`: what is done to whom, in the scenario's order. `cold`, which is done
 * to nobody of these, is left out.
 */
function wantedOf(
  only: readonly string[],
  dependencies: Scenario["dependencies"],
): ReadonlyMap<string, readonly CourseKind[]> {
  const there = Object.keys(dependencies);
  const possible = (name: string): readonly CourseKind[] => kindsOf(dependencies[name]!);
  if (only.length === 0) return new Map(there.map((name) => [name, possible(name)]));
  const wanted = new Map<string, Set<CourseKind>>();
  for (const text of only) {
    if (isCold(text, there)) continue;
    const [name = "", what] = text.split(":");
    if (!there.includes(name)) {
      throw new ShakedownError(
        "USAGE",
        `--only ${text}: there is no dependency \`${name}\` that can be probed${meant(name, there)}`,
      );
    }
    const kind = COURSE_KINDS.find((known) => known === what);
    if (what !== undefined && kind === undefined) {
      throw new ShakedownError("USAGE", `--only ${text}: \`${what}\` is no kind of probe`, {
        hint: COURSE_KINDS.join(", "),
      });
    }
    if (kind !== undefined && !possible(name).includes(kind)) {
      throw new ShakedownError(
        "USAGE",
        `--only ${text}: ${name} ${notOfTcpBecause({ errors: 1 })}`,
      );
    }
    const kinds = wanted.get(name) ?? new Set();
    for (const each of kind === undefined ? possible(name) : [kind]) kinds.add(each);
    wanted.set(name, kinds);
  }
  const wantedFrom = (name: string): readonly CourseKind[] =>
    COURSE_KINDS.filter((kind) => wanted.get(name)?.has(kind) === true);
  return new Map(there.map((name) => [name, wantedFrom(name)]));
}

/** Unless a dependency is called so. */
const isCold = (text: string, there: readonly string[]): boolean =>
  text === COLD && !there.includes(COLD);

/** @throws USAGE when it is asked for, and the scenario does not say how caches are emptied */
function coldOf(
  only: readonly string[],
  there: readonly string[],
  { flushCaches }: Scenario,
): ProbeCourse["cold"] {
  const asked = only.some((text) => isCold(text, there));
  if (only.length > 0 && !asked) return "not asked";
  if (flushCaches !== undefined) return "probed";
  if (!asked) return "no flush";
  throw new ShakedownError(
    "USAGE",
    `--only ${COLD}: the scenario does not say how caches are emptied`,
    {
      hint: "write `flushCaches: { request: { path: /caches/flush } }` in it, or a `command`",
    },
  );
}

/** What of a scenario a course keeps: its arms, their world, and how load is made. */
function kept(text: string): ScenarioInput {
  const {
    design: _design,
    factors: _factors,
    guardrails: _guardrails,
    hypothesis: _hypothesis,
    negativeControls: _negativeControls,
    onBreach: _onBreach,
    onRollBack: _onRollBack,
    responses: _responses,
    secondary: _secondary,
    segments: _segments,
    stages: _stages,
    stop: _stop,
    ...rest
  } = parse(text) as ScenarioInput;
  return { ...rest, stages: [] };
}

/**
 * The scenario that the standard course of probes comes to: that of a file, with stages of its own
 * and nothing to decide. A capture begins anew as often as the course needs it.
 * @throws USAGE, and what `loadScenario` throws
 */
export function probeScenario(flags: ProbeFlags): ProbeCourse {
  const file = loadScenario(flags.scenario);
  const { dependencies } = file.scenario;
  const there = Object.keys(dependencies);
  if (there.length === 0) {
    throw new ShakedownError("SCENARIO_INVALID", `${flags.scenario} has no dependency to probe`, {
      hint: "probes are done to what the arms call: see `dependencies`",
    });
  }
  const wanted = wantedOf(flags.only, dependencies);
  const cold = coldOf(flags.only, there, file.scenario);
  const stages = courseStages({
    course: flags.course,
    wanted,
    cold: cold === "probed",
    stageNs: stageNsOf(flags.stage),
    rate: rateOf(flags.rate),
    ramps: flags.course === "full" && flags.only.length === 0,
  });
  const data: ScenarioInput = {
    ...kept(file.text),
    scenario: `probe of ${file.scenario.scenario}`.slice(0, 120),
    loop: true,
    stages,
  };
  const scenario = checkedScenario(data);
  const loaded = { ...file, path: "probe", text: canonicalJson(data), scenario };
  return {
    loaded,
    stages: scenario.stages.length,
    durationNs: scenario.stages.reduce((sum, stage) => sum + stage.for, 0),
    dependencies: [...wanted].flatMap(([name, kinds]) => (kinds.length === 0 ? [] : name)),
    cold,
    errorless: there.filter((name) => dependencies[name]?.protocol === "tcp"),
  };
}
