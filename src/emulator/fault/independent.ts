import { z } from "zod";
import { ratioField } from "../../core/index.ts";
import type { FaultModel } from "../model.ts";

/**
 * `{ ratio: 2%, status: 503 }`: each call fails with the same chance, whatever happened to the
 * ones before it. `kind: independent` may be left out.
 */
export const independentSchema = z.strictObject({
  kind: z.literal("independent").default("independent"),
  ratio: ratioField(),
  status: z.number().int().min(400).max(599).default(503),
});

export function independentFaults(spec: z.output<typeof independentSchema>): FaultModel {
  const fault = { kind: "status", status: spec.status } as const;
  return {
    faultFor: (_call, draw) => (draw.uniform("fault") < spec.ratio ? fault : null),
  };
}
