import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { z } from "zod";
import { type Draw } from "../../core/index.ts";
import { bytesField } from "../../core/fields/index.ts";

const SIZE_MAX_BYTES = 64_000_000;
const zOf = normalQuantile.factory(0, 1);
const size = () => bytesField().pipe(z.number().int().min(0).max(SIZE_MAX_BYTES));

/**
 * How many bytes a body has: `{ kind: constant, bytes: 4kB }`, `{ kind: uniform, min: 1kB, max: 9kB }`,
 * `{ kind: lognormal, median: 4kB, sigma: 0.8 }` (never beyond `max`, 64 MB unless told).
 */
export const sizeSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant"), bytes: size() }),
  z
    .strictObject({ kind: z.literal("uniform"), min: size(), max: size() })
    .refine(({ max, min }) => min <= max, { path: ["max"], message: "max is below min" }),
  z.strictObject({
    kind: z.literal("lognormal"),
    median: size().pipe(z.number().positive("a median is above zero")),
    sigma: z.number().min(0).max(10),
    max: size().prefault("64MB"),
  }),
]);
export type SizeSpec = z.output<typeof sizeSchema>;

/** Whole bytes, by the draw's field `stub-size`. Lognormal: `median · exp(sigma · z(u))`. */
export function drawSize(spec: SizeSpec, draw: Draw): number {
  if (spec.kind === "constant") return spec.bytes;
  const luck = draw.uniform("stub-size");
  if (spec.kind === "uniform") return spec.min + Math.floor(luck * (spec.max - spec.min + 1));
  return Math.round(Math.min(spec.max, spec.median * Math.exp(spec.sigma * zOf(luck))));
}

let filler = Buffer.alloc(65_536, "x");

/** The body repeated, or cut, to so many bytes; without one, so many letters x. */
export function sizedBody(body: Buffer, bytes: number): Buffer {
  if (body.length > 0) return Buffer.alloc(bytes, body);
  if (filler.length < bytes) filler = Buffer.alloc(bytes, "x");
  return filler.subarray(0, bytes);
}
