import type { Evidence } from "../../src/detect/index.ts";
import type { Scenes } from "./scenes.ts";
import {
  evidenceOfProbes,
  type Phase,
  type ProbedDependency,
  type ProbedTarget,
  startsIn,
  underProbes,
  windowsOf,
} from "./probe-target.ts";
import type { World } from "./service.ts";
import { MS, S } from "./simulate.ts";

/* What goes wrong when a dependency fails, for each detector of it: its test and the bench share them. */

type Pair<Target> = readonly [control: Target, variant: Target];

interface Course {
  readonly phases: readonly Phase[];
  readonly ratePerSec?: number;
  readonly dependency?: ProbedDependency;
}

/** Both arms through a course of stages, as evidence. */
const course =
  (arms: Pair<ProbedTarget>, { dependency = {}, phases, ratePerSec = 60 }: Course) =>
  ({ identity, rate, seed }: World): Evidence => {
    const windows = windowsOf(phases, ratePerSec * rate);
    // At so many times the rate, so many times the servers.
    const { servers } = dependency;
    const scaled = { ...dependency, ...(servers === undefined ? {} : { servers: servers * rate }) };
    const starts = startsIn(windows, seed, scaled);
    const logs = arms.map((target, arm) =>
      underProbes(starts, windows, { ...target, noise: `${seed} ${arm}` }, scaled),
    );
    return evidenceOfProbes(logs, windows, { identity });
  };

/** The same, where nobody planned what happens: all of it is one stage. */
const inOneStage =
  (arms: Pair<ProbedTarget>, { phases, ratePerSec = 60 }: Course) =>
  ({ identity, rate, seed }: World): Evidence => {
    const windows = windowsOf(phases, ratePerSec * rate);
    const starts = startsIn(windows, seed, {});
    const logs = arms.map((target, arm) =>
      underProbes(starts, windows, { ...target, noise: `${seed} ${arm}` }, {}),
    );
    const { probe: _, ...first } = windows[0]!;
    const whole = { ...first, toNs: windows.at(-1)!.toNs };
    return evidenceOfProbes(logs, [whole], { identity });
  };

const HANGING: Course = {
  phases: [
    { name: "usual", forS: 3 },
    { name: "hang", forS: 3, probe: { hang: true } },
    { name: "after", forS: 6 },
  ],
};
const TIMELY: ProbedTarget = { timeoutNs: 400 * MS };

export const noTimeoutScenes: Scenes = {
  healthy: course([TIMELY, TIMELY], HANGING),
  sick: course([TIMELY, {}], HANGING),
  both: course([{}, {}], HANGING),
  lookAlikes: {
    "a longer timeout": course([TIMELY, { timeoutNs: 2 * S }], HANGING),
    "a timeout and retries": course([TIMELY, { ...TIMELY, attempts: 3 }], HANGING),
    "a breaker": course([TIMELY, { ...TIMELY, breaker: { failures: 5, resetNs: S } }], HANGING),
    "a dependency that is slow and answers": course([TIMELY, {}], {
      phases: [
        { name: "usual", forS: 3 },
        { name: "slow", forS: 6, probe: { latency: { factor: 5 } } },
      ],
    }),
  },
  cause: /^no timeout on calls to payments$/,
  size: { value: 6_000, within: 0.1 },
  byRates: true,
};

/** Requests have 300 ms; the dependency is slow for a while, and takes longer than that. */
const SLOW: Course = {
  phases: [
    { name: "usual", forS: 4 },
    { name: "slow", forS: 8, probe: { latency: { factor: 15 } } },
  ],
};
const WITHIN: ProbedTarget = { budgetNs: 300 * MS, timeoutNs: 250 * MS };
const BEYOND: ProbedTarget = { budgetNs: 300 * MS, timeoutNs: 600 * MS };

export const inversionScenes: Scenes = {
  healthy: course([WITHIN, WITHIN], SLOW),
  sick: course([WITHIN, BEYOND], SLOW),
  both: course([BEYOND, BEYOND], SLOW),
  lookAlikes: {
    "work that is meant to go on after the answer": course(
      [WITHIN, { timeoutNs: 600 * MS, background: true }],
      SLOW,
    ),
    "requests that wait for as long as it takes": course([WITHIN, {}], SLOW),
    "a shorter timeout": course([WITHIN, { budgetNs: 300 * MS, timeoutNs: 100 * MS }], SLOW),
  },
  cause: /^payments calls outlive their requests \(a timeout of 600 ms\)$/,
  size: { value: 600, within: 0.05 },
  byRates: false,
};

/** A third of the calls fail: most would be well. */
const FLAKY: Course = {
  phases: [
    { name: "usual", forS: 3 },
    { name: "flaky", forS: 20, probe: { errors: 0.35 } },
  ],
};
const TOUCHY: ProbedTarget = { breaker: { failures: 3, resetNs: S } };
const CALM: ProbedTarget = { breaker: { failures: 30, resetNs: S } };

export const breakerScenes: Scenes = {
  healthy: course([CALM, CALM], FLAKY),
  sick: course([CALM, TOUCHY], FLAKY),
  both: course([TOUCHY, TOUCHY], FLAKY),
  lookAlikes: {
    "a breaker that opens while the dependency is down": course([{}, TOUCHY], {
      phases: [
        { name: "usual", forS: 4 },
        { name: "down", forS: 8, probe: { errors: 1 } },
        { name: "after", forS: 4 },
      ],
    }),
    "a breaker that opens in an outage, in a stage that is mostly well": inOneStage([{}, TOUCHY], {
      phases: [
        { name: "usual", forS: 3 },
        { name: "down", forS: 5, probe: { errors: 1 } },
        { name: "after", forS: 8 },
      ],
    }),
    "retries of failures": course([CALM, { ...CALM, attempts: 3 }], FLAKY),
    "a pool that is too small": course([CALM, { ...CALM, pool: 1 }], FLAKY),
  },
  cause: /^the payments breaker opens while most calls would be well/,
  size: { value: 1_000, within: 0.2 },
  byRates: true,
};

/** One server of 20 ms: 50 calls a second, of which 30 are wanted; cut to a quarter for a while. */
const TRIGGERED = (triggerS: number): Course => ({
  phases: [
    { name: "usual", forS: 5 },
    { name: "trigger", forS: triggerS, probe: { latency: { factor: 4 } } },
    { name: "after", forS: 24 },
  ],
  dependency: { servers: 1, holdMedianNs: 20 * MS, holdSigma: 0.05 },
});
const STORMING: ProbedTarget = { attempts: 5, timeoutNs: 500 * MS };
const ONCE: ProbedTarget = { timeoutNs: 500 * MS };

export const metastableScenes: Scenes = {
  healthy: course([ONCE, ONCE], TRIGGERED(2)),
  sick: course([ONCE, STORMING], TRIGGERED(2)),
  both: course([STORMING, STORMING], TRIGGERED(2)),
  lookAlikes: {
    "a trigger that it recovers from": course([ONCE, STORMING], {
      ...TRIGGERED(2),
      phases: [
        { name: "usual", forS: 5 },
        { name: "trigger", forS: 1, probe: { latency: { factor: 1.5 } } },
        { name: "after", forS: 24 },
      ],
    }),
    "a budget of retries": course([ONCE, { ...STORMING, budgetRatio: 0.1 }], TRIGGERED(1)),
    "a budget of retries, and a queue that all give up in until it has become short": course(
      [ONCE, { ...STORMING, budgetRatio: 0.1 }],
      {
        ...TRIGGERED(3),
        phases: [
          { name: "usual", forS: 5 },
          { name: "trigger", forS: 3, probe: { latency: { factor: 4 } } },
          { name: "after", forS: 22 },
        ],
      },
    ),
  },
  cause: /^metastable failure after trigger \((?:attempts per call|calls per request)\)$/,
  size: { value: 5, within: 0.1 },
  byRates: true,
};
