import { z } from "zod";
import { ratioField } from "../../core/fields/index.ts";
import type { FaultModel, World } from "../model.ts";
import { createTimeline, timelineSchema } from "../timeline/index.ts";
import { checkWhat, chooseFault, faultsOf, whatFields } from "./what.ts";

/**
 * `{ kind: during, during: { kind: windows, windows: [{ from: 20s, to: 30s }] }, ratio: 50% }`:
 * calls that arrive in such a time fail with that chance (all of them); those of other times do
 * not. An incident that several dependencies name strikes all of them at once.
 */
export const duringSchema = z
  .strictObject({
    kind: z.literal("during"),
    during: timelineSchema,
    ratio: ratioField().default(1),
    ...whatFields,
  })
  .superRefine(checkWhat)
  .transform(({ during, kind, ratio, ...what }) => ({
    kind,
    during,
    ratio,
    faults: faultsOf(what),
  }));

export function duringFaults(
  { during, faults, ratio }: z.output<typeof duringSchema>,
  world: World,
  name: string,
): FaultModel {
  const timeline = createTimeline(during, world, name);
  return {
    faultFor(call, draw) {
      if (timeline.stateAt(call.nowNs) === 0) return null;
      return draw.uniform(name) < ratio ? chooseFault(faults, draw) : null;
    },
  };
}
