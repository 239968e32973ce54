import { z } from "zod";
import type { FaultModel } from "../model.ts";
import { independentFaults, independentSchema } from "./independent.ts";

/** The fault models, by `kind`. A new one is its file, a line here and one below. */
export const faultSchema = z.discriminatedUnion("kind", [independentSchema]);
export type FaultSpec = z.output<typeof faultSchema>;

export function createFaultModel(spec: FaultSpec): FaultModel {
  return independentFaults(spec);
}
