import { z } from "zod";
import { figuresSchema, type Plan } from "../../experiment/index.ts";

/** What is kept of a run, to compare others with: a small file. */
export const measuredSchema = z.strictObject({
  keptVersion: z.literal(1),
  tool: z.strictObject({ name: z.literal("shakedown"), version: z.string() }),
  run: z.strictObject({
    id: z.string(),
    scenario: z.string(),
    profile: z.string(),
    startedAt: z.string(),
    runs: z.number().int().min(1),
  }),
  host: z.strictObject({ fingerprint: z.string().nullable(), description: z.string() }),
  git: z.strictObject({ commit: z.string(), dirty: z.boolean() }).nullable(),
  revisions: z
    .record(z.string(), z.strictObject({ ref: z.string(), commit: z.string() }))
    .nullable(),
  decision: z.enum(["ship", "hold", "roll-back"]).nullable(),
  planSha256: z.string(),
  plan: z.record(z.string(), z.unknown()),
  figures: figuresSchema,
});
export type Measured = z.output<typeof measuredSchema>;

/** A run with what speaks against comparing it. */
export interface SoundOrNot {
  readonly measured: Measured;
  readonly incompleteBecause: string | null;
  readonly failedChecks: readonly { readonly name: string; readonly summary: string }[];
  /** By arm, in the plan's order. */
  readonly droppedStarts: readonly number[];
}

export const planOf = ({ plan }: Measured): Plan => plan as unknown as Plan;
