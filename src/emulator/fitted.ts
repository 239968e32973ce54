import { z } from "zod";
import { ShakedownError } from "../core/index.ts";

export interface FittedSpec {
  readonly kind: "fitted";
  readonly from: "profile";
}

/**
 * `{ kind: fitted, from: profile }`: as the capture saw the dependency; a latency, errors, a limit
 * or a capacity. Resolved before use.
 */
export const fittedSchema = z.strictObject({
  kind: z.literal("fitted"),
  from: z.literal("profile"),
});

export const isFitted = (spec: object): spec is FittedSpec =>
  "kind" in spec && spec.kind === "fitted";

/** What is said of a fit that no profile has resolved. `what`: such as `a latency`. */
export const unresolvedFit = (what: string): ShakedownError =>
  new ShakedownError("SCENARIO_INVALID", `${what} is to be fitted, but no fit was found for it`, {
    hint: "replay a profile that has calls to this dependency, or write it out",
  });
