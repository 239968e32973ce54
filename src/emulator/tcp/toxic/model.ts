import { z } from "zod";
import { type Draw, messageOf, NS_PER_MS, parseBytes } from "../../../core/index.ts";
import { durationNsField, textWithUnit } from "../../../core/fields/index.ts";

/**
 * How a direction of a connection ends: `end` closes this direction alone (a half-close), `close`
 * hangs up on both peers once what was passed on is written, `reset` sends RST to both at once.
 */
export type EndKind = "end" | "close" | "reset";

/** What a toxic passes on, and when: bytes, or the end. `dueNs` may lie in the past: at once. */
export type Piece =
  | { readonly chunk: Buffer; readonly dueNs: number }
  | { readonly end: EndKind; readonly dueNs: number };

/**
 * What is done to one direction of one connection. Pieces go out in the order given, each no
 * sooner than the one before it; once an end has been given nothing more goes out.
 */
export interface Toxic {
  /** When the connection opens, or the toxic is put on it: an end that comes by itself, or nothing. */
  begin(nowNs: number): Iterable<Piece>;
  /** For bytes that came in at `nowNs`; read lazily, one piece ahead. What is left out is dropped. */
  chunk(chunk: Buffer, nowNs: number): Iterable<Piece>;
  /** For the end that came in at `nowNs`. */
  end(nowNs: number): Iterable<Piece>;
  /** What becomes of the direction when the toxic is taken off. */
  readonly whenRemoved: "go on" | "close";
}

/** What a toxic knows of its connection. */
export interface ToxicContext {
  /** Chance keyed by the seed, the dependency, the connection's ordinal and the toxic's name. */
  readonly draw: Draw;
  /** A number that outlives changes to the toxic's attributes: bytes that it has passed on. */
  readonly tally: { bytes: number };
}

const NOTHING: readonly Piece[] = [];

/** A toxic that passes everything on at once, but for what the parts say. */
export const toxic = (parts: Partial<Toxic>): Toxic => ({
  begin: () => NOTHING,
  chunk: (chunk, nowNs) => [{ chunk, dueNs: nowNs }],
  end: (nowNs) => [{ end: "end", dueNs: nowNs }],
  whenRemoved: "go on",
  ...parts,
});

/** `"1ms"`, `"200us"` → milliseconds, fractions included. */
export const durationMsField = () => durationNsField().transform((ns) => ns / NS_PER_MS);

/** `"64KiB"`, `"10MB"`, `"10MB/s"` → bytes, at least one. */
export const bytesField = () =>
  textWithUnit((value) => `${value}B or ${value}KiB`).transform((text, context) => {
    try {
      return parseBytes(text.replace(/\s*\/\s*s$/, ""));
    } catch (thrown) {
      const hint = "write a number and a unit: 512KiB, 10MB";
      context.addIssue({ code: "custom", message: `${messageOf(thrown)} (${hint})` });
      return z.NEVER;
    }
  });

/** A whole number of the admin API, 0 or more; 0 when it is not given. */
export const wholeField = () => z.int().min(0).default(0);
