import type { ReportModel } from "../../src/report/index.ts";
import { buildModel } from "./build-model.ts";
import {
  CONTROL,
  finding,
  hold,
  incomplete,
  QUIET,
  RAMP,
  relative,
  rollBack,
  ROUTES,
  sameBuild,
  ship,
  stage,
  WITHIN,
} from "./verdict-fixtures.ts";
import { threeVariants } from "./variant-fixtures.ts";

/** Let through by the first gate, held at the second, and cut for harm in the last stage. */
export const stoppedEarly = (): ReportModel => {
  const model = rollBack();
  const metric = "response_time_p95";
  const errors = { metric: "error_ratio", margin: 0.002, lnBoundary: 7.38, reached: false };
  const times = { metric, margin: 0.05, lnBoundary: 7.38 };
  const because =
    "response_time_p95 is worse by +620 % in stage beyond (margin 5 %), " +
    "shown after 12 blocks: ln e 31.2, boundary 7.4";
  const gate = (status: string) => [
    { metric, status, estimate: 0.031, low: -0.012, high: 0.074, margin: 0.05, adjustedPHarm: 0.7 },
  ];
  return {
    ...model,
    result: {
      ...model.result,
      reason: `stopped early: harm: ${because}`,
      stoppedEarly: { rule: "harm", because, evidenceUntilS: 118, breachToCutMs: 74.3 },
      gates: [
        {
          arm: "variant",
          stage: "half",
          decision: "go-on",
          alpha: 0.008,
          metrics: gate("within-margin"),
        },
        {
          arm: "variant",
          stage: "full",
          decision: "hold",
          alpha: 0.0045,
          metrics: gate("inconclusive"),
        },
      ],
      looks: [
        {
          ...times,
          arm: "variant",
          stage: "half",
          blocks: 40,
          harm: 0.01,
          lnE: 0.21,
          reached: false,
        },
        { ...errors, arm: "variant", stage: "half", blocks: 40, harm: 0, lnE: -0.4 },
        {
          ...times,
          arm: "variant",
          stage: "full",
          blocks: 40,
          harm: 0.031,
          lnE: 3.11,
          reached: false,
        },
        { ...errors, arm: "variant", stage: "full", blocks: 40, harm: null, lnE: 0 },
        {
          ...times,
          arm: "variant",
          stage: "beyond",
          blocks: 12,
          harm: 6.2,
          lnE: 31.2,
          reached: true,
        },
        { ...errors, arm: "variant", stage: "beyond", blocks: 12, harm: 0.03, lnE: 4.4 },
      ],
    },
  };
};

/** One stage, one route. */
export const singleStage = (): ReportModel =>
  buildModel({
    stages: [stage("all", 60, 0, 30, 0)],
    arms: { control: CONTROL, variant: CONTROL },
    routes: ["GET /"],
    dependencies: ["payments"],
    result: {
      comparisons: [relative("response_time_p95", "all", [94_700, 93_800], [-0.031, 0.019])],
    },
  });

/** One request in each arm: nothing can be judged, and nothing may break. */
export const oneRequest = (): ReportModel => {
  const model = buildModel({
    stages: [stage("all", 1, 0, 1, 0)],
    arms: { control: CONTROL, variant: CONTROL },
    routes: ["GET /"],
    dependencies: [],
    result: {
      decision: "hold",
      reason: "one response in each arm is too little to judge",
      needs: "at least 20 blocks of 5 s",
      comparisons: [
        relative("response_time_p95", "all", [41_000, 39_000], [0, 0], {
          effect: null,
          mde: null,
          status: "inconclusive",
          warnings: ["1 block; 20 are needed"],
        }),
      ],
    },
  });
  return {
    ...model,
    curves: model.curves.map(({ arm, points }) => ({ arm, points: points.slice(1, 2) })),
  };
};

/** One arm alone: measured, and nothing to decide. Some starts waited for a connection. */
export const oneArm = (): ReportModel => {
  const model = buildModel({
    stages: [stage("replay", 60, 0, 30, 0)],
    arms: { target: CONTROL },
    routes: ["GET /", "POST /checkout"],
    dependencies: [],
    result: {
      hypothesis: null,
      decision: null,
      reason: "one arm was measured, and nothing is compared",
    },
  });
  const { target } = model.result.arms;
  const waited = {
    ...target!,
    lateStarts: { generator: 1, connection: 17 },
    connectionWaitUs: { p50: 0, p90: 0, p99: 1_200, p999: 1_710, max: 1_790 },
  };
  const run = { ...model.result.run, connections: 8, command: "shakedown replay day.gor" };
  return { ...model, result: { ...model.result, run, arms: { target: waited } } };
};

/** A target that calls nothing, and a variant that answered nothing. */
export const noDependencies = (): ReportModel => {
  const model = buildModel({
    stages: RAMP.slice(0, 2),
    arms: { control: CONTROL, variant: { ...CONTROL, diesAtS: 0 } },
    routes: ROUTES.slice(0, 2),
    dependencies: [],
    result: { decision: "hold", reason: "the variant answered nothing", comparisons: [] },
  });
  return { ...model, curves: model.curves.slice(0, 1) };
};

/** Texts that try to leave their place in HTML, Markdown and a terminal. */
export const HOSTILE = [
  "</script><img src=x onerror=globalThis.ran=1>",
  "</style><script>globalThis.ran=1</script>",
  '" onmouseover="globalThis.ran=1" x="',
  "a | b | `c` | **d** | [e](javascript:globalThis.ran=1) <!-- @everyone #1 http://evil.example/ www.evil.example",
  "\u001b[2J\u001b]0;owned\u0007 \u202egnp.exe\u202c line one\nline two",
  `GET /${"very-long-segment/".repeat(120)}`,
] as const;

/** Every text that comes from outside is one of the hostile ones. */
export const hostile = (): ReportModel => {
  const [script, style, attribute, pipes, control] = HOSTILE;
  const model = buildModel({
    stages: [stage(script, 60, 0, 30, 0)],
    arms: { control: CONTROL, variant: { ...CONTROL, errorRatio: 0.02 } },
    routes: HOSTILE,
    dependencies: [script, attribute],
    result: {
      decision: "roll-back",
      reason: script,
      needs: style,
      hypothesis: { because: script, if: pipes, then: attribute, otherwise: control },
      findings: [
        finding(pipes, script, "fail", control, {
          cause: attribute,
          cure: style,
          evidence: { [script]: script },
          warnings: [pipes],
        }),
      ],
      comparisons: [
        relative(`amplification:${script}`, pipes, [1, 2], [0.8, 1.2], {
          unit: "calls per request",
          better: "lower",
          status: "harm",
          warnings: [script],
        }),
      ],
      checks: [{ name: pipes, status: "fail", summary: script }],
      warnings: [...HOSTILE],
    },
  });
  const { run } = model.result;
  return {
    ...model,
    result: {
      ...model.result,
      run: {
        ...run,
        scenario: script,
        profile: style,
        command: control,
        complete: false,
        incompleteBecause: pipes,
      },
    },
  };
};

/** An hour with 50 routes and 5 dependencies. */
export const hour = (): ReportModel =>
  buildModel({
    stages: [stage("warm-up", 40, 0, 60, null), stage("hour", 150, 60, 3_600, 120)],
    arms: { control: CONTROL, variant: { ...CONTROL, medianUs: 37_100 } },
    routes: Array.from(
      { length: 50 },
      (_, index) => `GET /catalogue/{category}/products/{slug}/reviews/page-${index}`,
    ),
    dependencies: ["payments", "catalogue", "reviews", "inventory", "sessions"],
    result: { findings: QUIET, comparisons: WITHIN },
  });

/** Every fixture by the name of its golden files. */
export const FIXTURES: Readonly<Record<string, () => ReportModel>> = {
  ship,
  hold,
  "roll-back": rollBack,
  "stopped-early": stoppedEarly,
  incomplete,
  "same-build": sameBuild,
  "single-stage": singleStage,
  "one-request": oneRequest,
  "no-dependencies": noDependencies,
  "one-arm": oneArm,
  "three-variants": threeVariants,
  hostile,
};
