import { z } from "zod";
import { ERRORS, type ErrorCode } from "../core/index.ts";

/* What messages are made of. */

export const count = z.number().int().min(0);
/** The place of bytes beside a message's words. */
export const part = count;

export const clock = z.strictObject({ offsetUs: z.number(), errorUs: z.number().min(0) });

export const errorSchema = z.strictObject({
  code: z.enum(Object.keys(ERRORS) as [ErrorCode]),
  message: z.string(),
  hint: z.string().nullable(),
});

/** A piece of a file that grows, with where it belongs: what is there already changes nothing. */
export interface FilePiece<F extends string> {
  readonly file: F;
  readonly offset: number;
  readonly bytes: Buffer;
}

export const pieceOf = <F extends string>(files: readonly [F, ...F[]]) =>
  z.strictObject({ file: z.enum(files), offset: count, bytes: part });
