import { z } from "zod";
import { NS_PER_S } from "../../../core/index.ts";
import { bytesField, type Piece, type Toxic, toxic } from "./model.ts";

/** `{ type: bandwidth, rate: 10MB }`: so many bytes in a second; in the admin API, in KB. */
export const bandwidthFields = { rate: bytesField().transform((bytes) => bytes / BYTES_PER_KB) };
/** 0 and below: unlimited. */
export const bandwidthAttributes = { rate: z.int().default(0) };

const BYTES_PER_KB = 1_000;
/** Bytes go out in pieces of at most what passes in so long, as in Toxiproxy. */
const SLICE_S = 0.1;

/** A link that carries `rate` · 1,000 bytes in a second: a piece is through when its last byte is. */
export function bandwidthToxic({ rate }: { readonly rate: number }): Toxic {
  if (rate <= 0) return toxic({});
  const bytesPerSec = rate * BYTES_PER_KB;
  const sliceBytes = Math.max(1, Math.floor(bytesPerSec * SLICE_S));
  let freeNs = Number.NEGATIVE_INFINITY;
  function* slices(chunk: Buffer, nowNs: number): Generator<Piece> {
    freeNs = Math.max(freeNs, nowNs);
    for (let from = 0; from < chunk.length; from += sliceBytes) {
      const slice = chunk.subarray(from, from + sliceBytes);
      freeNs += (slice.length / bytesPerSec) * NS_PER_S;
      yield { chunk: slice, dueNs: freeNs };
    }
  }
  return toxic({ chunk: slices });
}
