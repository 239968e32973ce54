/** How calls fail: models that say when, and the faults that they choose from. */
import { z } from "zod";
import { fittedSchema, isFitted, unresolvedFit } from "../fitted.ts";
import type { FaultModel, World } from "../model.ts";
import { duringFaults, duringSchema } from "./during.ts";
import { gilbertElliottFaults, gilbertElliottSchema } from "./gilbert-elliott.ts";
import { independentFaults, independentSchema } from "./independent.ts";

export { faultActionSchema } from "./what.ts";

/** The fault models, by `kind`. A new one is its file, a line here and one below. */
const modelSchema = z.discriminatedUnion("kind", [
  independentSchema,
  gilbertElliottSchema,
  duringSchema,
  fittedSchema,
]);

/**
 * `errors`: one model, or a list, of which the first that strikes decides; `fitted` among them
 * stands for what the profile says.
 */
export const faultSchema = z
  .union([modelSchema.transform((model) => [model]), z.array(modelSchema).min(1).max(32)])
  .transform((models) => models);
export type FaultSpec = z.output<typeof faultSchema>;

export const holdsFittedFaults = (spec: FaultSpec): boolean => spec.some(isFitted);

/** With what the profile says in the place of each `fitted`; null: it saw no errors. */
export function resolveFaults(spec: FaultSpec, fitted: FaultSpec | null): FaultSpec {
  return spec.flatMap((model) => (isFitted(model) ? (fitted ?? []) : [model]));
}

function modelOf(spec: FaultSpec[number], world: World, name: string): FaultModel {
  switch (spec.kind) {
    case "independent":
      return independentFaults(spec, name);
    case "gilbert-elliott":
      return gilbertElliottFaults(spec, world, name);
    case "during":
      return duringFaults(spec, world, name);
    case "fitted":
      throw unresolvedFit("an errors model");
  }
}

/**
 * A model in its first state; each arm has one of its own.
 * @throws SCENARIO_INVALID when it names an incident that there is not, or holds an unresolved fit
 */
export function createFaultModel(spec: FaultSpec, world: World): FaultModel {
  // The first keeps the name that a lone model has: adding a second changes no luck of its.
  const models = spec.map((each, index) =>
    modelOf(each, world, index === 0 ? "fault" : `fault-${index}`),
  );
  const [only] = models;
  if (models.length === 1) return only!;
  return {
    faultFor(call, draw) {
      // All are asked, so that each takes its steps whatever the others do.
      const faults = models.map((model) => model.faultFor(call, draw));
      return faults.find((fault) => fault !== null) ?? null;
    },
  };
}
