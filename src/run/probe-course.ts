import type { ScenarioInput } from "./scenario/index.ts";

type Stage = ScenarioInput["stages"][number];

/** What a course does to a dependency, one kind after the other. */
export const COURSE_KINDS = ["latency", "errors", "hang", "outage"] as const;
export type CourseKind = (typeof COURSE_KINDS)[number];

/** What a course does to no dependency: the arms' caches are emptied. */
export const COLD = "cold";

/** `full`: everything; `quick`: the end of each sweep, and no ramps. */
export const COURSES = ["full", "quick"] as const;
export type CourseName = (typeof COURSES)[number];

const FACTORS = { full: [2, 4, 8], quick: [8] } as const;
const ERRORS = { full: [0.1, 0.25, 0.5, 0.75, 1], quick: [0.5, 1] } as const;

/** Stages that one length is not enough for: what all is compared with, and a recovery. */
const LONGER = 2;
/** The beginning of each stage that is left out of what is read. */
const SETTLE_SHARE = 0.2;

/** A share of the scenario's own rate, in percent, or starts per second. */
export interface CourseRate {
  readonly value: number;
  readonly unit: "%" | "/s";
}

/** A stage is called by its dependency and up to 11 characters more, in 32 at most. */
const NAME_MAX = 20;

export interface CourseGiven {
  readonly course: CourseName;
  /** What is done to whom, in order. */
  readonly wanted: ReadonlyMap<string, readonly CourseKind[]>;
  /** Whether caches are emptied, after all that is done to dependencies. */
  readonly cold: boolean;
  readonly stageNs: number;
  readonly rate: CourseRate;
  /** Whether the load goes up to twice its rate and down again at the end. */
  readonly ramps: boolean;
}

const ns = (value: number): string => `${Math.round(value)}ns`;

/**
 * The stages of a course: a warm-up, the usual, then for each dependency what is done to it, kind by
 * kind, each followed by a time in which nothing is, then emptied caches, and at last the load up and
 * down. A stage's name is what a card calls it by.
 */
export function courseStages(given: CourseGiven): Stage[] {
  const { cold, course, ramps, stageNs, wanted } = given;
  const { unit, value } = given.rate;
  const rate = `${value}${unit}`;
  const settle = ns(SETTLE_SHARE * stageNs);
  const steady = (name: string, times = 1): Stage => ({
    name,
    rate,
    for: ns(times * stageNs),
    settle,
  });
  let rests = 0;
  const rest = (times = 1): Stage => steady(`left-alone-${++rests}`, times);
  const probed = [...wanted].flatMap(([dependency, kinds], place) => {
    // Names of stages are short: where a dependency's own is not, its place stands for it.
    const called = dependency.length <= NAME_MAX ? dependency : `dependency-${place + 1}`;
    const probe = (what: string, done: object): Stage => ({
      ...steady(`${called}-${what}`),
      probe: { dependency, ...done },
    });
    const stages = {
      latency: () => [
        ...FACTORS[course].map((factor) => probe(`x${factor}`, { latency: { factor } })),
        rest(),
      ],
      errors: () => [
        ...ERRORS[course].map((errors) => probe(`errors-${errors * 100}`, { errors })),
        rest(),
      ],
      hang: () => [probe("hang", { hang: true }), rest()],
      outage: () => [probe("outage", { outage: true }), rest(LONGER)],
    } satisfies Record<CourseKind, () => Stage[]>;
    return kinds.flatMap((kind) => stages[kind]());
  });
  const emptied = { ...steady("cold-cache"), settle: "0s", probe: { cold: true as const } };
  const twice = `${2 * value}${unit}`;
  const upAndDown = [
    { ...steady("ramp-up", LONGER), from: rate, rate: twice },
    { ...steady("ramp-down", LONGER), from: twice },
  ];
  return [
    { ...steady("warm-up"), judge: false, settle: "0s" },
    steady("usual", LONGER),
    ...probed,
    ...(cold ? [emptied, rest(LONGER)] : []),
    ...(ramps ? upAndDown : []),
  ];
}
