import type { ComparisonRow, FindingRow, ReportModel, Result } from "../../src/report/index.ts";
import { buildModel, type ArmShape } from "./build-model.ts";

type Stage = Result["stages"][number];

export const stage = (
  name: string,
  ratePerSec: number,
  startS: number,
  endS: number,
  judgedFromS: number | null,
): Stage => ({
  name,
  ratePerSec,
  startS,
  endS,
  judgedFromS,
  completed: true,
});

export const RAMP = [
  stage("warm-up", 15, 0, 20, null),
  stage("half", 75, 20, 50, 25),
  stage("full", 150, 50, 110, 55),
  stage("beyond", 225, 110, 170, 115),
];
export const ROUTES = [
  "GET /",
  "GET /products/{slug}",
  "GET /search",
  "POST /cart/items",
  "POST /checkout",
];
export const CONTROL: ArmShape = { medianUs: 38_200, tailRatio: 4.1, errorRatio: 0.0011 };

/** A comparison on the relative scale; ends of the interval and margin as ratios. */
export function relative(
  metric: string,
  stageName: string,
  [control, variant]: readonly [number, number],
  [low, high]: readonly [number, number],
  more: Partial<ComparisonRow> = {},
): ComparisonRow {
  const estimate = variant / control - 1;
  return {
    arm: "variant",
    metric,
    unit: "us",
    better: "lower",
    role: "primary",
    stage: stageName,
    control,
    variant,
    effect: { kind: "relative", estimate, low, high, confidence: 0.95 },
    margin: 0.05,
    mde: 0.031,
    status: "within-margin",
    warnings: [],
    ...more,
  };
}

/** A comparison of ratios or calls per request by their difference. */
export function difference(
  metric: string,
  stageName: string,
  [control, variant]: readonly [number, number],
  [low, high]: readonly [number, number],
  more: Partial<ComparisonRow> = {},
): ComparisonRow {
  const effect = {
    kind: "difference",
    estimate: variant - control,
    low,
    high,
    confidence: 0.95,
  } as const;
  return {
    ...relative(metric, stageName, [1, 1], [0, 0]),
    unit: "ratio",
    better: "lower",
    role: "guardrail",
    control,
    variant,
    effect,
    margin: 0.002,
    mde: 0.0012,
    ...more,
  };
}

export const finding = (
  detector: string,
  subject: string,
  status: FindingRow["status"],
  summary: string,
  more: Partial<FindingRow> = {},
): FindingRow => ({
  detector,
  subject,
  status,
  summary,
  evidence: {},
  ...more,
});

export const QUIET = [
  finding(
    "pool-exhaustion",
    "variant payments",
    "pass",
    "Calls in flight to payments follow the load up to 47; no ceiling is seen.",
    {
      evidence: { inFlightMax: 47, plateauRatio: 0.02 },
    },
  ),
  finding("retry-storm", "variant payments", "pass", "1.00 calls per request in both arms."),
  finding(
    "cache-thrash",
    "variant catalogue",
    "pass",
    "1.2 % of fetches come before their entry could expire.",
  ),
];

export const WITHIN = [
  relative("response_time_p95", "full", [94_700, 93_800], [-0.031, 0.019]),
  relative("response_time_p95", "beyond", [96_100, 97_900], [-0.011, 0.043]),
  difference("error_ratio", "full", [0.0011, 0.0012], [-0.0004, 0.0007]),
  difference("amplification:payments", "full", [0.998, 1.002], [-0.01, 0.02], {
    unit: "calls per request",
    better: "lower",
    margin: 0.1,
    mde: 0.03,
  }),
  relative("response_time_p50", "full", [38_200, 37_100], [-0.041, -0.018], { role: "secondary" }),
];

/** All is well. */
export const ship = (): ReportModel =>
  buildModel({
    stages: RAMP,
    arms: { control: CONTROL, variant: { ...CONTROL, medianUs: 37_100 } },
    routes: ROUTES,
    dependencies: ["payments", "catalogue"],
    result: { findings: QUIET, comparisons: WITHIN },
  });

/** Nothing bad is shown, and too little is shown to be good. */
export const hold = (): ReportModel => {
  const wide = "30 blocks give an interval of ±9 %; the margin is 5 %";
  return buildModel({
    stages: RAMP,
    arms: { control: CONTROL, variant: { ...CONTROL, medianUs: 40_600 } },
    routes: ROUTES,
    dependencies: ["payments", "catalogue"],
    result: {
      decision: "hold",
      reason: "p95 response time in stage full is not shown to be within its margin of 5 %",
      needs: "4 runs instead of 1 (about 12 minutes) would narrow the interval to ±4.5 %",
      findings: [
        ...QUIET.slice(1),
        finding(
          "pool-exhaustion",
          "variant payments",
          "inconclusive",
          "Calls in flight to payments stay below 12 for 61 % of the time; 90 % would show a ceiling.",
          {
            evidence: { inFlightMax: 12, plateauRatio: 0.61, plateauRatioNeeded: 0.9 },
            warnings: ["judged on 900 calls; 1,000 are needed"],
          },
        ),
      ],
      comparisons: [
        relative("response_time_p95", "full", [94_700, 98_900], [-0.046, 0.139], {
          status: "inconclusive",
          mde: 0.093,
          warnings: [wide],
        }),
        relative("response_time_p95", "beyond", [96_100, 99_500], [0.004, 0.066], {
          status: "small-harm",
        }),
        difference("error_ratio", "full", [0.0011, 0.0012], [-0.0004, 0.0007]),
        difference("amplification:payments", "full", [0.998, 1.002], [-0.01, 0.02], {
          unit: "calls per request",
          better: "lower",
          margin: 0.1,
          mde: 0.03,
        }),
        relative("response_time_p99.9", "full", [0, 0], [0, 0], {
          role: "secondary",
          control: null,
          variant: null,
          effect: null,
          mde: null,
          status: "inconclusive",
          warnings: ["9 responses lie above p99.9; 100 are needed"],
        }),
      ],
      warnings: ["2 other processes used more than a tenth of a core during the run", wide],
    },
  });
};

/** The variant's payment pool of 4 runs dry at full rate. */
export const rollBack = (): ReportModel =>
  buildModel({
    stages: RAMP,
    arms: {
      control: CONTROL,
      variant: {
        ...CONTROL,
        errorRatio: 0.031,
        poolMax: 4,
        slowdown: (rate) => (rate < 100 ? 1 : rate / 21),
      },
    },
    routes: ROUTES,
    dependencies: ["payments", "catalogue"],
    result: {
      decision: "roll-back",
      reason:
        "p95 response time in stage full is 620 % higher in the variant, and its margin is 5 %",
      needs: "a variant whose payment pool holds at least 21 connections, then the same run again",
      findings: [
        ...QUIET.slice(1),
        finding(
          "pool-exhaustion",
          "variant payments",
          "fail",
          "The variant never has more than 4 calls in flight to payments, " +
            "and has 4 for 97 % of the time, while the load needs 16.5; control reaches 32.",
          {
            cause: "pool exhaustion",
            cure:
              "Let the variant hold at least 21 connections to payments: 150 " +
              "requests/s × 110 ms × 1 call, and a quarter to spare.",
            evidence: {
              inFlightMaxVariant: 4,
              inFlightMaxControl: 32,
              plateauRatio: 0.97,
              inFlightNeeded: 16.5,
              waitingBeforeCall: true,
            },
          },
        ),
        finding(
          "backpressure",
          "variant",
          "fail",
          "Requests in flight grow by 62 a second in stage beyond, and nothing is turned away.",
        ),
      ],
      comparisons: [
        relative("response_time_p95", "half", [92_900, 94_100], [-0.012, 0.037]),
        relative("response_time_p95", "full", [94_700, 681_800], [5.41, 7.12], { status: "harm" }),
        difference("error_ratio", "full", [0.0011, 0.0311], [0.0262, 0.0338], { status: "harm" }),
        difference("amplification:payments", "full", [0.998, 1.002], [-0.01, 0.02], {
          unit: "calls per request",
          better: "lower",
          margin: 0.1,
          mde: 0.03,
        }),
        relative("service_time_p50", "full", [38_000, 270_000], [5.3, 6.9], {
          role: "secondary",
          status: "harm",
        }),
      ],
    },
  });

/** The variant was killed half-way. */
export const incomplete = (): ReportModel => {
  const model = buildModel({
    stages: RAMP.map((one) => ({ ...one, completed: one.endS <= 50 })),
    arms: { control: CONTROL, variant: { ...CONTROL, diesAtS: 72 } },
    routes: ROUTES,
    dependencies: ["payments"],
  });
  return {
    ...model,
    result: {
      ...model.result,
      run: {
        ...model.result.run,
        complete: false,
        incompleteBecause: "variant ended with SIGKILL after 72 s",
      },
      decision: "hold",
      reason: "the variant ended during stage full, so the comparison is incomplete",
      needs:
        "the reason why the variant was killed (its own output is in logs/variant.txt), then the same run again",
      comparisons: WITHIN.filter((row) => row.stage === "full").map((row) => ({
        ...row,
        effect: null,
        status: "inconclusive" as const,
        warnings: ["stage full did not complete"],
      })),
      checks: [
        ...model.result.checks.slice(0, 3),
        { name: "pairing", status: "fail", summary: "18,900 starts were made in control alone" },
      ],
      warnings: ["the variant answered nothing after 72 s"],
    },
  };
};

/** Control against itself. */
export const sameBuild = (): ReportModel =>
  buildModel({
    stages: RAMP,
    arms: { control: CONTROL, variant: CONTROL },
    routes: ROUTES,
    dependencies: ["payments"],
    result: {
      hypothesis: {
        if: "the same build runs twice",
        then: "p95 response time changes by less than 5 %",
        otherwise: "the instrument sees a difference that is not there",
      },
      findings: QUIET.slice(0, 2),
      comparisons: WITHIN.slice(0, 3),
    },
  });
