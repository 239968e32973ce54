import { z } from "zod";
import { ShakedownError } from "../../core/index.ts";

export interface FittedSpec {
  readonly kind: "fitted";
  readonly from: "profile";
}

/** `{ kind: fitted, from: profile }`: as the capture saw the dependency; resolved before use. */
export const fittedSchema = z.strictObject({
  kind: z.literal("fitted"),
  from: z.literal("profile"),
});

/** What is said of a fitted latency that no profile has resolved. */
export const unresolvedFit = (): ShakedownError =>
  new ShakedownError("SCENARIO_INVALID", "a latency is to be fitted, but no fit was found for it", {
    hint: "replay a profile that has calls to this dependency, or write the latency out",
  });
