/** How an answer's body is spread over time. */
import { z } from "zod";
import { bytesField, durationUsField } from "../../core/fields/index.ts";
import type { Transfer } from "../model.ts";

const CHUNKS_MAX = 10_000;
/** Without a number of chunks, a body that has a rate comes in pieces of about so long. */
const PIECE_US = 20_000;

/**
 * `{ bytesPerSec: 1MB, chunks: 8, chunkGap: 5ms }`: the head leaves when the latency has passed,
 * the body in so many chunks of about the same size (one, or as many as a steady stream at
 * `bytesPerSec` takes), each when its last byte would have come, and `chunkGap` apart besides.
 */
export const transferSchema = z
  .strictObject({
    bytesPerSec: bytesField().pipe(z.number().min(1, "at least 1B")).optional(),
    chunks: z.number().int().min(1).max(CHUNKS_MAX).optional(),
    chunkGap: durationUsField().default(0),
  })
  .transform(({ bytesPerSec, chunkGap, chunks }): Transfer => ({
    bytesPerSec: bytesPerSec ?? Number.POSITIVE_INFINITY,
    chunks: chunks ?? (bytesPerSec === undefined ? 1 : 0),
    chunkGapUs: chunkGap,
  }));

/** A piece of a body: up to which byte, and how long after the head it is sent. */
export interface TransferPiece {
  readonly endByte: number;
  readonly afterUs: number;
}

/**
 * When which part of a body of so many bytes is sent: pieces in order, the last one ends the body,
 * or its first `upToBytes` where it is cut off there, at the pace of the whole; none where there is
 * nothing to send. Never more than 10,000.
 */
export function planTransfer(
  bodyBytes: number,
  transfer: Transfer,
  upToBytes = bodyBytes,
): TransferPiece[] {
  const { bytesPerSec, chunkGapUs, chunks } = transfer;
  const wholeUs = (bodyBytes / bytesPerSec) * 1e6;
  const wanted = chunks > 0 ? chunks : Math.ceil(wholeUs / PIECE_US);
  const count = Math.min(Math.max(wanted, 1), CHUNKS_MAX, bodyBytes);
  const boundary = (index: number): number => Math.round((bodyBytes * index) / count);
  const pieces: TransferPiece[] = [];
  for (let index = 0; index < count && boundary(index) < upToBytes; index++) {
    const endByte = Math.min(boundary(index + 1), upToBytes);
    pieces.push({ endByte, afterUs: (endByte / bytesPerSec) * 1e6 + index * chunkGapUs });
  }
  return pieces;
}
