import { z } from "zod";
import { type Draw } from "../../core/index.ts";
import { durationUsField, ratioField } from "../../core/fields/index.ts";
import { type AnswerHeaders, headersSchema } from "../headers.ts";
import type { Fault } from "../model.ts";

const kind = <Kind extends string>(name: Kind) => z.literal(name);
const positiveUs = () => durationUsField().refine((valueUs) => valueUs > 0, "more than 0");

/** What is done to a call, as people write it: a kind with its numbers, or its name alone. */
const written = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: kind("status"),
    status: z.number().int().min(200).max(599),
    headers: headersSchema.default({}),
    body: z.string().nullable().default(null),
  }),
  z.strictObject({
    kind: kind("reset"),
    when: z.enum(["before", "amid", "after"]).default("before"),
  }),
  z.strictObject({ kind: kind("empty") }),
  z.strictObject({ kind: kind("garbage"), bytes: z.number().int().min(1).max(65_536).default(64) }),
  z.strictObject({ kind: kind("malformed-chunk") }),
  z.strictObject({ kind: kind("truncated"), share: ratioField().default(0.5) }),
  z.strictObject({ kind: kind("hang") }),
  z
    .strictObject({ kind: kind("slow-headers"), over: positiveUs() })
    .transform(({ kind: name, over }) => ({ kind: name, overUs: over })),
  z
    .strictObject({ kind: kind("slow-body"), over: positiveUs() })
    .transform(({ kind: name, over }) => ({ kind: name, overUs: over })),
  z
    .strictObject({ kind: kind("slow-close"), after: positiveUs() })
    .transform(({ after, kind: name }) => ({ kind: name, afterUs: after })),
  z.strictObject({ kind: kind("early-close") }),
  z.strictObject({ kind: kind("goaway") }),
]);

const byName = z
  .enum([
    "reset",
    "empty",
    "garbage",
    "malformed-chunk",
    "truncated",
    "hang",
    "early-close",
    "goaway",
  ])
  .transform((name) => written.parse({ kind: name }));

/** One fault: `hang`, or `{ kind: slow-body, over: 2s }`. */
export const faultActionSchema = z.union([byName, written]).transform((fault): Fault => fault);

const weighted = z.strictObject({
  weight: z.number().positive().default(1),
  fault: faultActionSchema,
});
export interface WeightedFault {
  readonly weight: number;
  readonly fault: Fault;
}

/** The fields that say what goes wrong, for every model that says when. */
export const whatFields = {
  /** Short for `fault: { kind: status, status }`; 503 when nothing is said. */
  status: z.number().int().min(400).max(599).optional(),
  headers: headersSchema.optional(),
  body: z.string().optional(),
  /** In place of a status: what else is done; or several, each as often as its weight says. */
  fault: z
    .union([
      faultActionSchema.transform((fault) => [{ weight: 1, fault }]),
      z.array(weighted).min(1).max(32),
    ])
    .optional(),
};

interface Said {
  readonly status?: number | undefined;
  readonly headers?: AnswerHeaders | undefined;
  readonly body?: string | undefined;
  readonly fault?: readonly WeightedFault[] | undefined;
}

/** That a fault is told as a status or in full, not as both. */
export function checkWhat(said: Said, context: z.RefinementCtx): void {
  const { body, fault, headers, status } = said;
  if (fault === undefined) return;
  for (const [name, value] of Object.entries({ status, headers, body })) {
    if (value === undefined) continue;
    const message = `give ${name} or fault, not both`;
    context.addIssue({ code: "custom", path: [name], message });
  }
}

/** The faults that a model chooses from. */
export function faultsOf({ body, fault, headers, status }: Said): readonly WeightedFault[] {
  return (
    fault ?? [
      {
        weight: 1,
        fault: {
          kind: "status",
          status: status ?? 503,
          headers: headers ?? {},
          body: body ?? null,
        },
      },
    ]
  );
}

/** One of them, by the draw's field `fault-kind`. */
export function chooseFault(faults: readonly WeightedFault[], draw: Draw): Fault {
  const [only] = faults;
  if (faults.length === 1) return only!.fault;
  const total = faults.reduce((sum, { weight }) => sum + weight, 0);
  let left = draw.uniform("fault-kind") * total;
  for (const { fault, weight } of faults) {
    left -= weight;
    if (left < 0) return fault;
  }
  return faults.at(-1)!.fault;
}
