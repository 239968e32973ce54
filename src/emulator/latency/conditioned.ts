import { z } from "zod";
import { parseBytes } from "../../core/index.ts";
import type { AnsweredCall, LatencyModel } from "../model.ts";
import { pathMatcher } from "../path-template.ts";

const BY = ["route", "status", "request-size", "response-size"] as const;
type By = (typeof BY)[number];

export interface ConditionedSpec<Latency> {
  readonly kind: "by";
  readonly by: By;
  readonly cases: readonly { readonly when: string; readonly latency: Latency }[];
  readonly otherwise: Latency;
}

/** What is wrong with a `when`; undefined: nothing. */
function problemWith(by: By, when: string): string | undefined {
  if (by === "route") {
    return /^(?:[A-Z]+ )?[/*]\S*$/.test(when) ? undefined : "write a route as GET /users/:id";
  }
  if (by === "status") {
    return /^[1-9](?:xx|\d\d)$/.test(when) ? undefined : "write a status as 503 or 5xx";
  }
  return /^\d[\d.]* ?[kMG]?i?B$/.test(when) ? undefined : "write a size as 512B or 10kB";
}

/**
 * `{ kind: by, by: route, cases: [{ when: "GET /users/:id", latency: … }], otherwise: … }`: the
 * first case that fits. `by` is `route`, `status` (`503`, `5xx`), or `request-size` or
 * `response-size` (bytes of the body, up to and with the size that is given).
 */
export const conditionedSchema = <Latency>(latency: z.ZodType<Latency>) =>
  z
    .strictObject({
      kind: z.literal("by"),
      by: z.enum(BY),
      cases: z
        .array(
          z.strictObject({ when: z.union([z.string(), z.number()]).transform(String), latency }),
        )
        .min(1)
        .max(1_000),
      otherwise: latency,
    })
    .superRefine(({ by, cases }, context) => {
      for (const [index, { when }] of cases.entries()) {
        const message = problemWith(by, when);
        if (message === undefined) continue;
        context.addIssue({ code: "custom", path: ["cases", index, "when"], message });
      }
    });

function condition(by: By, when: string): (call: AnsweredCall) => boolean {
  if (by === "route") {
    const [method, template] = when.includes(" ") ? when.split(" ", 2) : [null, when];
    const match = pathMatcher(template ?? "");
    return (call) => (method === null || call.method === method) && match(call.path) !== null;
  }
  if (by === "status") {
    if (!when.endsWith("xx")) return (call) => call.status === Number(when);
    return (call) => Math.floor(call.status / 100) === Number(when[0]);
  }
  const limit = parseBytes(when);
  if (by === "request-size") return (call) => call.requestBytes <= limit;
  return (call) => call.responseBytes <= limit;
}

export function conditionedLatency<Latency>(
  { by, cases, otherwise }: ConditionedSpec<Latency>,
  make: (spec: Latency, part: number) => LatencyModel,
): LatencyModel {
  const tried = cases.map(({ when, latency }, part) => ({
    fits: condition(by, when),
    model: make(latency, part),
  }));
  const last = make(otherwise, cases.length);
  return {
    sampleUs: (call, draw) =>
      (tried.find(({ fits }) => fits(call))?.model ?? last).sampleUs(call, draw),
  };
}
