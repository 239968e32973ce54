/** One piece of a stream between separators. */
export interface Piece {
  /** Without the separator; empty when `oversize`. */
  readonly bytes: Buffer;
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** True when it was longer than the limit, and let go. */
  readonly oversize: boolean;
}

const LF = 10;

function lineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}

/**
 * Cuts a stream at a separator, wherever its chunks begin and end. What follows the last separator
 * is a piece too, unless it is empty. A piece longer than `maxBytes` is not kept in memory.
 */
export async function* splitPieces(
  chunks: AsyncIterable<Buffer>,
  separator: Buffer,
  maxBytes: number,
): AsyncGenerator<Piece> {
  const separatorFeeds = lineFeeds(separator);
  let parts: Buffer[] = [];
  let [partBytes, partFeeds, line] = [0, 0, 1];
  const hold = (bytes: Buffer): void => {
    partFeeds += lineFeeds(bytes);
    partBytes += bytes.length;
    if (partBytes > maxBytes) parts = [];
    else parts.push(bytes);
  };
  const finish = (): Piece => {
    const oversize = partBytes > maxBytes;
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const piece = { bytes, line, oversize };
    line += partFeeds + separatorFeeds;
    [parts, partBytes, partFeeds] = [[], 0, 0];
    return piece;
  };
  // The tail that might be the beginning of a separator waits for the next chunk.
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(separator); at !== -1; at = bytes.indexOf(separator, from)) {
      hold(bytes.subarray(from, at));
      yield finish();
      from = at + separator.length;
    }
    const keep = Math.min(bytes.length - from, separator.length - 1);
    hold(bytes.subarray(from, bytes.length - keep));
    tail = Buffer.from(bytes.subarray(bytes.length - keep));
  }
  hold(tail);
  if (partBytes > 0) yield finish();
}
