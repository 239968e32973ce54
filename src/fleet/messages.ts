import { z } from "zod";
import type {
  ArmBlockCounts,
  BlocksMessage,
  CountsMessage,
  WorkerTotals,
} from "../replay/index.ts";
import {
  type EmulatorMessage,
  emulatorMessageOf,
  emulatorWire,
  emulatorWireOf,
  isOfEmulator,
} from "./emulator-messages.ts";
import { PartsReader, PartsWriter } from "./parts.ts";
import { clock, count, errorSchema, type FilePiece, part, pieceOf } from "./wire-fields.ts";

/** Changes when anything here does: workers of another are refused. */
export const WIRE_VERSION = 4;

export const totalsSchema = z.strictObject({
  endNs: z.number(),
  keptRows: count,
  lostRows: count,
  resends: count,
  substitutions: z.strictObject({
    learned: count,
    applied: count,
    missed: count,
    refused: count,
    forgotten: count,
  }),
}) satisfies z.ZodType<WorkerTotals>;

const armCounts = z.strictObject({
  stage: count,
  arm: count,
  planned: count,
  responses: count,
  failed: count,
  dropped: count,
  responseTime: part,
  startLag: part,
});

const armBlock = z.strictObject({
  stage: count,
  block: count,
  arm: count,
  planned: count,
  started: count,
  failed: count,
  censored: count,
  good: z.array(count),
  responseTime: part,
  serviceTime: part,
});

/** Files of a shard that grow while it is sent. */
export const SHARD_FILES = ["observations", "exposures", "responses"] as const;
export type ShardFile = (typeof SHARD_FILES)[number];

const message = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ready") }),
  z.strictObject({ kind: z.literal("begun"), fromNs: z.number(), clock }),
  z.strictObject({ kind: z.literal("stage"), stage: count }),
  z.strictObject({
    kind: z.literal("window"),
    counts: z.array(armCounts),
    pieces: z.array(pieceOf(SHARD_FILES)),
    clock: clock.nullable(),
  }),
  z.strictObject({
    kind: z.literal("blocks"),
    settledNs: z.number().nullable(),
    blocks: z.array(armBlock),
  }),
  z.strictObject({ kind: z.literal("gone"), arm: count, forNs: z.number() }),
  z.strictObject({ kind: z.literal("disk"), error: errorSchema }),
  z.strictObject({ kind: z.literal("obeyed"), order: count }),
  z.strictObject({
    kind: z.literal("done"),
    totals: totalsSchema,
    error: errorSchema.nullable(),
    /** It stopped by itself, since nobody led it. */
    unled: z.boolean(),
  }),
  ...emulatorWire,
]);
type Wire = z.output<typeof message>;

/** What a worker tells of a shard, or of what it emulates. */
export type ShardMessage =
  /** `window`: what came since the last one, a second of it or less. */
  | {
      readonly kind: "window";
      readonly counts: CountsMessage;
      readonly pieces: readonly FilePiece<ShardFile>[];
      readonly clock: z.output<typeof clock> | null;
    }
  | { readonly kind: "blocks"; readonly told: BlocksMessage }
  | EmulatorMessage
  | Exclude<Wire, { readonly kind: "window" | "blocks" | "emulated" }>;

const origin = z.strictObject({
  v: z.literal(WIRE_VERSION),
  worker: z.string(),
  shard: count,
  /** From 1; one more for each worker that takes over. */
  attempt: z.number().int().min(1),
  /** Of this shard and attempt, in order, from 0. */
  n: count,
});
const envelope = z.strictObject({ ...origin.shape, parts: z.array(count), message });

/** Whose message it is: the same one, however often it comes. */
export type Origin = Omit<z.output<typeof origin>, "v">;

function wireOf(told: ShardMessage, parts: PartsWriter): Wire {
  if (told.kind === "window") {
    return {
      kind: "window",
      clock: told.clock,
      counts: told.counts.map((each) => ({
        ...each,
        responseTime: parts.counts(each.responseTime),
        startLag: parts.counts(each.startLag),
      })),
      pieces: told.pieces.map((each) => ({ ...each, bytes: parts.add(each.bytes) })),
    };
  }
  if (isOfEmulator(told)) return emulatorWireOf(told, parts);
  if (told.kind !== "blocks") return told;
  const { blocks, settledNs } = told.told;
  return {
    kind: "blocks",
    // JSON knows no infinity: all has ended.
    settledNs: Number.isFinite(settledNs) ? settledNs : null,
    blocks: blocks.map((each) => ({
      ...each,
      good: [...each.good],
      responseTime: parts.counts(each.responseTime),
      serviceTime: parts.counts(each.serviceTime),
    })),
  };
}

function messageOf(wire: Wire, parts: PartsReader): ShardMessage {
  if (wire.kind === "window") {
    return {
      kind: "window",
      clock: wire.clock,
      counts: wire.counts.map((each) => ({
        ...each,
        responseTime: parts.counts(each.responseTime),
        startLag: parts.counts(each.startLag),
      })),
      pieces: wire.pieces.map((each) => ({ ...each, bytes: parts.at(each.bytes) })),
    };
  }
  if (wire.kind === "emulated") return emulatorMessageOf(wire, parts);
  if (wire.kind !== "blocks") return wire;
  const blocks = wire.blocks.map((each): ArmBlockCounts => ({
    ...each,
    responseTime: parts.counts(each.responseTime),
    serviceTime: parts.counts(each.serviceTime),
  }));
  const settledNs = wire.settledNs ?? Number.POSITIVE_INFINITY;
  return { kind: "blocks", told: { settledNs, blocks } };
}

/** An entry of the stream up: its words, and the bytes that they name. */
export interface Entry {
  readonly words: string;
  readonly bytes: Buffer;
}

export function encodeMessage(from: Origin, told: ShardMessage): Entry {
  const parts = new PartsWriter();
  const wire = wireOf(told, parts);
  const words = JSON.stringify({ v: WIRE_VERSION, ...from, parts: parts.lengths, message: wire });
  return { words, bytes: parts.bytes() };
}

/** @throws SyntaxError, RangeError or ZodError when it is not what `encodeMessage` makes */
export function decodeMessage({ bytes, words }: Entry): {
  readonly from: Origin;
  readonly told: ShardMessage;
} {
  const { message: wire, parts, v: _version, ...from } = envelope.parse(JSON.parse(words));
  return { from, told: messageOf(wire, new PartsReader(bytes, parts)) };
}

const order = count;
const command = z.discriminatedUnion("kind", [
  /** Starts count from a moment of Redis' clock, in µs. */
  z.strictObject({ kind: z.literal("go"), originUs: z.number() }),
  z.strictObject({ kind: z.literal("stop"), order }),
  z.strictObject({ kind: z.literal("cut"), order, arm: count }),
  /** Whether an attempt that finds traffic under way is to send the rest of its shard. */
  z.strictObject({
    kind: z.literal("grant"),
    shard: count,
    attempt: count,
    granted: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("end") }),
]);
/** What whoever leads tells all workers of a run. */
export type FleetCommand = z.output<typeof command>;

/** @throws SyntaxError or ZodError */
export const decodeCommand = (words: string): FleetCommand => command.parse(JSON.parse(words));

/** Of another version, it may say more. */
export const cardSchema = z.object({
  wireVersion: z.number(),
  toolVersion: z.string(),
  id: z.string(),
  host: z.string(),
  pid: z.number().int(),
  cores: z.number().int(),
  /** Starts that it is known to send in time; null where nobody has measured it. */
  ceilingPerSec: z.number().nullable(),
  /** The address at which it emulates dependencies; null where it does not. */
  emulatesAt: z.string().nullable(),
  /** It finishes what it has, and takes nothing more. */
  draining: z.boolean(),
});
/** What a worker says of itself. */
export type WorkerCard = z.output<typeof cardSchema>;

/** Null where it is none that we know. */
export function decodeCard(words: string): WorkerCard | null {
  try {
    return cardSchema.parse(JSON.parse(words));
  } catch {
    return null;
  }
}

const callFields = {
  wireVersion: z.literal(WIRE_VERSION),
  toolVersion: z.string(),
  runId: z.string().regex(/^[0-9a-f]{4,32}$/),
};
const call = z.discriminatedUnion("kind", [
  /** `shards`: so many it is to take at first. */
  z.strictObject({
    ...callFields,
    kind: z.literal("send"),
    shards: z.number().int().min(1),
  }),
  /** `place`: which of the run's emulators it is to be; `attempt`: one more than who had it before. */
  z.strictObject({
    ...callFields,
    kind: z.literal("emulate"),
    place: count,
    attempt: z.number().int().min(1),
  }),
]);
/** Asks a worker to join a run. */
export type RunCall = z.output<typeof call>;

/** @throws SyntaxError or ZodError */
export const decodeCall = (words: string): RunCall => call.parse(JSON.parse(words));

const failed = z.strictObject({ worker: z.string(), error: errorSchema });
/** Why a worker cannot take part in a run. */
export type Failed = z.output<typeof failed>;

/** @throws SyntaxError or ZodError */
export const decodeFailed = (words: string): Failed => failed.parse(JSON.parse(words));
