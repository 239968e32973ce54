import { parse } from "yaml";
import {
  canonicalJson,
  formatDurationNs,
  parseDurationNs,
  parseRatePerSec,
  parseRatio,
  ShakedownError,
} from "../core/index.ts";
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
  /** Dependencies that cannot be probed: real ones, behind a proxy of TCP. */
  readonly leftOut: readonly string[];
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

/**
 * `payments`, or `payments:latency`: what is done to whom, in the scenario's order. `cold`, which is done
 * to nobody of these, is left out.
 */
function wantedOf(
  only: readonly string[],
  there: readonly string[],
): ReadonlyMap<string, readonly CourseKind[]> {
  if (only.length === 0) return new Map(there.map((name) => [name, COURSE_KINDS]));
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
    const kinds = wanted.get(name) ?? new Set();
    for (const each of kind === undefined ? COURSE_KINDS : [kind]) kinds.add(each);
    wanted.set(name, kinds);
  }
  const kindsOf = (name: string): readonly CourseKind[] =>
    COURSE_KINDS.filter((kind) => wanted.get(name)?.has(kind) === true);
  return new Map(there.map((name) => [name, kindsOf(name)]));
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

const probable = ({ dependencies }: Scenario): readonly string[] =>
  Object.entries(dependencies).flatMap(([name, { protocol }]) => (protocol === "http" ? name : []));

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
  const there = probable(file.scenario);
  if (there.length === 0) {
    throw new ShakedownError("SCENARIO_INVALID", `${flags.scenario} has no dependency to probe`, {
      hint: "probes need a dependency that is emulated over HTTP: see `dependencies`",
    });
  }
  const wanted = wantedOf(flags.only, there);
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
    leftOut: Object.keys(file.scenario.dependencies).filter((name) => !there.includes(name)),
  };
}
