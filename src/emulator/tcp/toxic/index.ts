import { z } from "zod";
import { ratioField } from "../../../core/fields/index.ts";
import { bandwidthAttributes, bandwidthFields, bandwidthToxic } from "./bandwidth.ts";
import { latencyAttributes, latencyFields, latencyToxic } from "./latency.ts";
import { limitDataAttributes, limitDataFields, limitDataToxic } from "./limit-data.ts";
import type { Toxic, ToxicContext } from "./model.ts";
import { noopAttributes, noopFields, noopToxic } from "./noop.ts";
import { resetPeerAttributes, resetPeerFields, resetPeerToxic } from "./reset-peer.ts";
import { slicerAttributes, slicerFields, slicerToxic } from "./slicer.ts";
import { slowCloseAttributes, slowCloseFields, slowCloseToxic } from "./slow-close.ts";
import { timeoutAttributes, timeoutFields, timeoutToxic } from "./timeout.ts";

export { bytesField, durationMsField, toxic } from "./model.ts";
export type { EndKind, Piece, Toxic, ToxicContext } from "./model.ts";

/** `upstream` is what the caller sends, `downstream` what comes back. */
export const STREAMS = ["upstream", "downstream"] as const;
export type Stream = (typeof STREAMS)[number];

const common = {
  /** `<type>_<stream>` unless told. */
  name: z.string().min(1).optional(),
  stream: z.enum(STREAMS).default("downstream"),
  /** The share of connections that it falls on. */
  toxicity: ratioField().default(1),
};

const kind = <const T extends string, A extends z.core.$ZodLooseShape>(type: T, fields: A) =>
  z.strictObject({ type: z.literal(type), ...common, ...fields });

const named = <S extends { type: string; stream: Stream; name?: string | undefined }>(spec: S) => ({
  ...spec,
  name: spec.name ?? `${spec.type}_${spec.stream}`,
});

/** A toxic as people write it: `{ type: latency, latency: 1ms, stream: upstream, toxicity: 5% }`. */
export const toxicSchema = z
  .discriminatedUnion("type", [
    kind("noop", noopFields),
    kind("latency", latencyFields),
    kind("bandwidth", bandwidthFields),
    kind("slow_close", slowCloseFields),
    kind("timeout", timeoutFields),
    kind("reset_peer", resetPeerFields),
    kind("slicer", slicerFields),
    kind("limit_data", limitDataFields),
  ])
  .transform(named);

/**
 * A toxic: its name, stream and toxicity, and its attributes in Toxiproxy's names and units
 * (milliseconds, KB/s, bytes; the slicer's delay in microseconds).
 */
export type ToxicSpec = z.output<typeof toxicSchema>;

/** The attributes of a toxic as the admin API reads them: whole numbers, 0 where none is given. */
const attributesSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("noop"), ...noopAttributes }),
  z.object({ type: z.literal("latency"), ...latencyAttributes }),
  z.object({ type: z.literal("bandwidth"), ...bandwidthAttributes }),
  z.object({ type: z.literal("slow_close"), ...slowCloseAttributes }),
  z.object({ type: z.literal("timeout"), ...timeoutAttributes }),
  z.object({ type: z.literal("reset_peer"), ...resetPeerAttributes }),
  z.object({ type: z.literal("slicer"), ...slicerAttributes }),
  z.object({ type: z.literal("limit_data"), ...limitDataAttributes }),
]);

export const TOXIC_TYPES = attributesSchema.options.map((option) => option.shape.type.value);

/** What of a toxic is the same for all types. */
export interface ToxicPlace {
  readonly name: string;
  readonly stream: Stream;
  readonly toxicity: number;
}

/**
 * A toxic from the admin API's attributes, whose keys are in lower case.
 * @throws ZodError when an attribute is not a whole number in its bounds
 */
export const toxicOfAttributes = (
  type: string,
  attributes: Readonly<Record<string, unknown>>,
  place: ToxicPlace,
): ToxicSpec => {
  const { name, stream, toxicity } = place;
  return { ...attributesSchema.parse({ ...attributes, type }), name, stream, toxicity };
};

/** The attributes alone, as the admin API shows them. */
export function attributesOf(spec: ToxicSpec): Record<string, number> {
  const { type: _type, name: _name, stream: _stream, toxicity: _toxicity, ...attributes } = spec;
  return attributes;
}

/** The toxic for one connection. */
export function createToxic(spec: ToxicSpec, context: ToxicContext): Toxic {
  switch (spec.type) {
    case "noop":
      return noopToxic();
    case "latency":
      return latencyToxic(spec, context);
    case "bandwidth":
      return bandwidthToxic(spec);
    case "slow_close":
      return slowCloseToxic(spec);
    case "timeout":
      return timeoutToxic(spec);
    case "reset_peer":
      return resetPeerToxic(spec);
    case "slicer":
      return slicerToxic(spec, context);
    case "limit_data":
      return limitDataToxic(spec, context);
  }
}
