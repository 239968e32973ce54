import { NS_PER_MS, NS_PER_S } from "../../src/core/index.ts";
import {
  INSTRUMENT_LIMITS,
  type Plan,
  PLAN_VERSION,
  type PlannedStage,
} from "../../src/experiment/index.ts";

export const STAGES: readonly PlannedStage[] = [
  {
    name: "warm-up",
    ratePerSec: 50,
    fromPerSec: 50,
    startNs: 0,
    endNs: 2 * NS_PER_S,
    judgedFromNs: null,
    blockNs: 250 * NS_PER_MS,
  },
  {
    name: "everybody",
    ratePerSec: 100,
    fromPerSec: 100,
    startNs: 2 * NS_PER_S,
    endNs: 13.1 * NS_PER_S,
    judgedFromNs: 3 * NS_PER_S,
    blockNs: 250 * NS_PER_MS,
  },
];

/** A plan with one judged stage of forty blocks and a bit. */
export const PLAN: Plan = {
  planVersion: PLAN_VERSION,
  scenario: "pool cut",
  hypothesis: { if: "the pool is cut", then: "response_time_p90 changes by less than 10 %" },
  otherwise: "response_time_p90 grows by 10 % or more",
  primary: { metric: "response_time_p90", margin: 0.1 },
  secondary: [{ metric: "response_time_p50", margin: 0.1 }],
  guardrails: [
    { metric: "error_ratio", margin: 0.02 },
    { metric: "amplification", dependency: "payments", margin: 0.1 },
  ],
  negativeControls: [],
  segments: [],
  stop: { harm: false, futility: false },
  arms: ["control", "variant"],
  stages: STAGES,
  alpha: 0.05,
  power: 0.8,
  betweenRunSd: 0.01,
  calibrationSha256: "ab".repeat(32),
  load: {
    arrivals: { kind: "poisson" },
    speed: 1,
    loop: true,
    rekey: true,
    keepConnections: false,
    substitute: [],
  },
  timeoutNs: 5 * NS_PER_S,
  inFlightMax: 2_000,
  seed: "1",
  runs: [{ seed: "1", slots: ["control", "variant"] }],
  inputs: { scenarioSha256: "a", profileSha256: "b", dependenciesSha256: { payments: "c" } },
  limits: INSTRUMENT_LIMITS,
};

const { calibrationSha256: _aaRuns, ...typed } = PLAN;
/** The same, of a host that no A/A runs were made on: how much runs differ is the plan's own word. */
export const PLAN_WITHOUT_HISTORY: Plan = typed;

/** The same with one arm alone: measured, and nothing to decide. */
export const ONE_ARM_PLAN: Plan = {
  ...PLAN,
  hypothesis: null,
  otherwise: null,
  primary: null,
  secondary: [],
  guardrails: [],
  arms: ["target"],
  runs: [{ seed: "1", slots: ["target"] }],
};
