/** A scenario as people write it: what may stand in the file. One file for each part. */
import { z } from "zod";
import { dependencySchema, incidentSchema } from "../../emulator/index.ts";
import {
  metricSchema,
  negativeControlSchema,
  segmentSchema,
  stopSchema,
} from "../../experiment/index.ts";
import { responseRules } from "../../replay/index.ts";
import { arm, comparedArms } from "./arm.ts";
import { design, hypothesis } from "./design.ts";
import { factors } from "./factor.ts";
import { flushCachesSchema } from "./flush.ts";
import { load } from "./load.ts";
import { name } from "./name.ts";
import { onBreachSchema, onRollBackSchema } from "./roll-back.ts";
import { stage } from "./stage.ts";
import { telemetry } from "./telemetry.ts";

export type { ScenarioArm } from "./arm.ts";
export type { ScenarioFactor, ScenarioFactorial } from "./factor.ts";
export type { FlushCaches } from "./flush.ts";
export { type OnBreach, type OnRollBack, onBreachSchema, onRollBackSchema } from "./roll-back.ts";
export type { ScenarioStage } from "./stage.ts";
export { type ScenarioTelemetry, TOLD_SHARE } from "./telemetry.ts";

/** A course of probes over several dependencies has some dozens. */
const STAGES_MAX = 256;

/** A scenario file, as people write it. */
export const scenarioSchema = z.strictObject({
  scenario: z.string().min(1).max(120),
  description: z.string().optional(),
  profile: z.string().describe("path of the profile, or of a capture, from the scenario's folder"),
  ...load,
  arms: z.union([
    comparedArms,
    z.strictObject({ target: arm }).describe("one arm alone: measured, with nothing to compare"),
  ]),
  dependencies: z.record(name, dependencySchema).default({}),
  incidents: z
    .record(name, incidentSchema)
    .default({})
    .describe("times at which several dependencies are struck at once: each names the incident"),
  factors: factors
    .optional()
    .describe("what differs between runs, at two levels each: what the change depends on"),
  hypothesis: hypothesis.optional().describe("what is to be decided; needs a variant"),
  secondary: z
    .array(metricSchema)
    .max(2, "two at most: of many metrics one always wins; the rest are guardrails, or left out")
    .default([]),
  guardrails: z.array(metricSchema).default([]),
  negativeControls: z
    .array(negativeControlSchema)
    .default([])
    .describe("what cannot differ between the arms; if it does, nothing is believed"),
  segments: z.array(segmentSchema).max(16).default([]),
  responses: responseRules
    .optional()
    .describe("answers are compared: status, headers, bodies by JSON path"),
  telemetry: telemetry
    .optional()
    .describe("arms tell of themselves by OpenTelemetry, and the run too"),
  stages: z.array(stage).min(1).max(STAGES_MAX),
  flushCaches: flushCachesSchema
    .optional()
    .describe("how the arms' caches are emptied, for stages that probe them cold"),
  onRollBack: onRollBackSchema.optional().describe("what is done, once, on a roll-back"),
  onBreach: onBreachSchema
    .optional()
    .describe("who is told, once for each metric and variant, that harm is shown as it runs"),
  stop: stopSchema.prefault({}).describe("when a run ends before its time"),
  design: design.prefault({}),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;
export type ScenarioRate = Scenario["rate"];
