import {
  bytesField,
  type Piece,
  type Toxic,
  type ToxicContext,
  toxic,
  wholeField,
} from "./model.ts";

/** `{ type: limit_data, bytes: 4KiB }`: so many bytes pass, then the connection is closed. */
export const limitDataFields = { bytes: bytesField() };
export const limitDataAttributes = { bytes: wholeField() };

/** Counts for the life of the connection: changing `bytes` does not begin anew. */
export function limitDataToxic(
  { bytes }: { readonly bytes: number },
  { tally }: ToxicContext,
): Toxic {
  return toxic({
    chunk(chunk, nowNs) {
      const passed = chunk.subarray(0, Math.max(0, bytes - tally.bytes));
      tally.bytes += passed.length;
      const pieces: Piece[] = passed.length > 0 ? [{ chunk: passed, dueNs: nowNs }] : [];
      if (tally.bytes >= bytes) pieces.push({ end: "close", dueNs: nowNs });
      return pieces;
    },
  });
}
