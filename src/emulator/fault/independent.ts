import { z } from "zod";
import { ratioField } from "../../core/fields/index.ts";
import type { FaultModel } from "../model.ts";
import { checkWhat, chooseFault, faultsOf, whatFields } from "./what.ts";

/**
 * `{ ratio: 2%, status: 503 }`: each call fails with the same chance, whatever happened to the
 * ones before it. `kind: independent` may be left out.
 */
export const independentSchema = z
  .strictObject({
    kind: z.literal("independent").default("independent"),
    ratio: ratioField(),
    ...whatFields,
  })
  .superRefine(checkWhat)
  .transform(({ kind, ratio, ...what }) => ({ kind, ratio, faults: faultsOf(what) }));

/** `field`: of the draw; each model of a list has its own. */
export function independentFaults(
  { faults, ratio }: z.output<typeof independentSchema>,
  field: string,
): FaultModel {
  return {
    faultFor: (_call, draw) => (draw.uniform(field) < ratio ? chooseFault(faults, draw) : null),
  };
}
