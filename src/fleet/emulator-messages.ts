import { z } from "zod";
import type { EmulatorSnapshot } from "../emulator/index.ts";
import type { PartsReader, PartsWriter } from "./parts.ts";
import { clock, count, errorSchema, type FilePiece, pieceOf } from "./wire-fields.ts";

/** Files of an emulator that grow while it serves. */
export const EMULATOR_FILES = ["calls", "connections", "exchanges"] as const;
export type EmulatorFile = (typeof EMULATOR_FILES)[number];

const byArm = <T extends z.ZodType>(value: T) => z.record(z.string(), z.record(z.string(), value));

const counts = byArm(z.record(z.string(), z.number()));

/** What an emulator says that it did. */
export const servedSchema = z.strictObject({
  calls: count,
  lostRows: count,
  keptRows: count,
  asked: count,
  alone: count,
  stoodStillMs: count,
  evictions: count,
});

const serves = z.strictObject({
  kind: z.literal("serves"),
  /** Dependency → arm → where it listens. */
  addresses: byArm(z.string()),
  /** PEM, of dependencies with `tls: generated`. */
  authority: z.string().nullable(),
  clock,
});
const emulated = z.strictObject({
  kind: z.literal("emulated"),
  /** As they are now; null: as they were. */
  counts: counts.nullable(),
  pieces: z.array(pieceOf(EMULATOR_FILES)),
  clock: clock.nullable(),
});
const troubled = z.strictObject({
  kind: z.literal("troubled"),
  starved: z.boolean(),
  error: errorSchema,
});
const served = z.strictObject({ kind: z.literal("served"), totals: servedSchema });

export const emulatorWire = [serves, emulated, troubled, served] as const;
type Emulated = z.output<typeof emulated>;

/** What a worker tells of what it emulates. */
export type EmulatorMessage =
  | z.output<typeof serves>
  /** What came since the last one; counts ten times a second, the rest every second. */
  | {
      readonly kind: "emulated";
      readonly counts: EmulatorSnapshot | null;
      readonly pieces: readonly FilePiece<EmulatorFile>[];
      readonly clock: z.output<typeof clock> | null;
    }
  /** `starved`: it has too many open files, and serves all the same. */
  | z.output<typeof troubled>
  /** The last: all is told. */
  | z.output<typeof served>;

const KINDS: ReadonlySet<string> = new Set(["serves", "emulated", "troubled", "served"]);

export const isOfEmulator = (told: { readonly kind: string }): told is EmulatorMessage =>
  KINDS.has(told.kind);

export function emulatorWireOf(told: EmulatorMessage, parts: PartsWriter) {
  if (told.kind !== "emulated") return told;
  const pieces = told.pieces.map((each) => ({ ...each, bytes: parts.add(each.bytes) }));
  return { ...told, pieces } as Emulated;
}

export function emulatorMessageOf(wire: Emulated, parts: PartsReader): EmulatorMessage {
  const pieces = wire.pieces.map((each) => ({ ...each, bytes: parts.at(each.bytes) }));
  return { ...wire, counts: wire.counts as EmulatorSnapshot | null, pieces };
}
