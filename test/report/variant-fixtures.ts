import type { ComparisonRow, ReportModel } from "../../src/report/index.ts";
import { buildModel } from "./build-model.ts";
import { CONTROL, difference, finding, RAMP, relative, ROUTES } from "./verdict-fixtures.ts";

const of = (arm: string, rows: readonly ComparisonRow[]): ComparisonRow[] =>
  rows.map((row) => ({
    ...row,
    arm,
    ...(row.effect === null ? {} : { effect: { ...row.effect, confidence: 0.983 } }),
  }));

const DIED = "arm cache_off (process 4711) ended with SIGKILL during the run";
const HARM =
  "response_time_p95 is worse by +620 % in stage full (margin 5 %), " +
  "shown after 12 blocks: ln e 31.2, boundary 7.4";

/**
 * Three variants beside one control, split by session: the load of one was cut for harm, one died,
 * and the third may ship.
 */
export const threeVariants = (): ReportModel =>
  buildModel({
    stages: RAMP.slice(0, 3),
    arms: {
      control: CONTROL,
      pool_16: { ...CONTROL, medianUs: 37_100 },
      pool_4: { ...CONTROL, errorRatio: 0.031, poolMax: 4, diesAtS: 61 },
      cache_off: { ...CONTROL, diesAtS: 57 },
    },
    routes: ROUTES,
    dependencies: ["payments"],
    result: {
      reason: "pool_16 may ship: every metric is within its margin",
      verdicts: {
        pool_16: { decision: "ship", reason: "every metric is within its margin" },
        pool_4: { decision: "roll-back", reason: `stopped early: harm: ${HARM}` },
        cache_off: {
          decision: "hold",
          reason: `incomplete: ${DIED}`,
          needs: "a variant that stays up",
        },
      },
      cuts: [
        {
          arm: "pool_4",
          rule: "harm",
          decision: "roll-back",
          because: HARM,
          evidenceUntilS: 60,
          breachToCutMs: 71.2,
        },
        {
          arm: "cache_off",
          rule: "gone",
          decision: "hold",
          because: DIED,
          evidenceUntilS: 57,
          breachToCutMs: 0.4,
        },
      ],
      findings: [
        finding("pool-exhaustion", "pool_4 payments", "fail", "Calls in flight stand at 4.", {
          arm: "pool_4",
          dependency: "payments",
          cause: "pool exhaustion",
        }),
        finding("pool-exhaustion", "pool_16 payments", "pass", "No ceiling is seen.", {
          arm: "pool_16",
          dependency: "payments",
        }),
      ],
      comparisons: [
        ...of("pool_16", [
          relative("response_time_p95", "full", [94_700, 93_800], [-0.031, 0.019]),
          difference("error_ratio", "full", [0.0011, 0.0012], [-0.0004, 0.0007]),
        ]),
        ...of("pool_4", [
          relative("response_time_p95", "full", [94_700, 681_800], [5.41, 7.12], {
            status: "harm",
            judgedUntilS: 60,
          }),
          difference("error_ratio", "full", [0.0011, 0.0311], [0.0262, 0.0338], {
            status: "harm",
            judgedUntilS: 60,
          }),
        ]),
        ...of("cache_off", [
          relative("response_time_p95", "full", [94_700, 95_000], [0, 0], {
            effect: null,
            mde: null,
            status: "inconclusive",
            judgedUntilS: 57,
            warnings: ["need at least 20 blocks, have 4: about 5.0 × the time would do"],
          }),
        ]),
      ],
      assignment: {
        kind: "split",
        by: "session",
        stages: [
          {
            stage: "half",
            planned: { control: 0.7, pool_16: 0.1, pool_4: 0.1, cache_off: 0.1 },
            keys: { control: 702, pool_16: 96, pool_4: 104, cache_off: 98 },
            starts: { control: 2_811, pool_16: 381, pool_4: 420, cache_off: 388 },
            holdout: 401,
            reserved: 1,
            pValue: 0.9511,
          },
          {
            stage: "full",
            planned: { control: 0.25, pool_16: 0.25, pool_4: 0.25, cache_off: 0.25 },
            keys: { control: 1_031, pool_16: 760, pool_4: 204, cache_off: 101 },
            starts: { control: 4_120, pool_16: 3_044, pool_4: 816, cache_off: 404 },
            holdout: 398,
            reserved: 0,
            pValue: 0.00001,
          },
        ],
      },
      checks: [
        {
          name: "drift",
          arm: "pool_4",
          status: "doubt",
          summary: "the difference between the arms moved by +500 %",
        },
        {
          name: "interference",
          status: "open",
          summary: "not measured: whether control is another one in company",
        },
      ],
    },
  });
