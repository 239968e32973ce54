import { z } from "zod";
import type { LatencyModel } from "../model.ts";
import { constantLatency, constantSchema } from "./constant.ts";
import { empiricalLatency, empiricalSchema } from "./empirical.ts";
import { lognormalLatency, lognormalSchema } from "./lognormal.ts";

/** The latency models, by `kind`. A new one is its file, a line here and one below. */
export const latencySchema = z.discriminatedUnion("kind", [
  constantSchema,
  lognormalSchema,
  empiricalSchema,
]);
export type LatencySpec = z.output<typeof latencySchema>;

export function createLatencyModel(spec: LatencySpec): LatencyModel {
  if (spec.kind === "constant") return constantLatency(spec);
  if (spec.kind === "lognormal") return lognormalLatency(spec);
  return empiricalLatency(spec);
}
