import { constants, deflateSync } from "node:zlib";
import { BUCKETS, DIGITS, HIGHEST_US } from "./hdr-layout.ts";
import type { HistogramCounts } from "./histogram.ts";

/*
 * HdrHistogram's V2 encoding of counts, uncompressed: a head of 40 bytes, big-endian, then the counts
 * up to the highest in use, each as a ZigZag LEB128 number; a negative one is a run of so many zeros.
 * Source: HdrHistogram 2.1, AbstractHistogram.encodeIntoByteBuffer and ZigZagEncoding.
 */
const COOKIE = 0x1c849313;
const HEAD_BYTES = 40;
/** A count is below 2^53, and so at most eight groups of seven bits. */
const NUMBER_BYTES_MAX = 8;

function writeNumber(to: Buffer, at: number, zigzag: number): number {
  let rest = zigzag;
  let end = at;
  while (rest >= 0x80) {
    to[end++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  to[end++] = rest;
  return end;
}

/** As many bytes as counts of so many buckets may take. */
const roomFor = (buckets: number): number => HEAD_BYTES + buckets * 2 * NUMBER_BYTES_MAX;

/** Counts as every HdrHistogram port reads them: V2, not compressed, lowest 1, three digits. */
export const encodeCounts = (counts: HistogramCounts): Buffer =>
  encodeInto(Buffer.allocUnsafe(roomFor(counts.index.length)), counts);

/** Writes to the beginning of bytes that have room for it, and gives what was written of them. */
function encodeInto(bytes: Buffer, { count, index }: HistogramCounts): Buffer {
  let end = HEAD_BYTES;
  let next = 0;
  for (let place = 0; place < index.length; place++) {
    const zeros = index[place]! - next;
    if (zeros > 0) end = writeNumber(bytes, end, zeros === 1 ? 0 : 2 * zeros - 1);
    end = writeNumber(bytes, end, 2 * count[place]!);
    next = index[place]! + 1;
  }
  bytes.writeUInt32BE(COOKIE, 0);
  bytes.writeUInt32BE(end - HEAD_BYTES, 4);
  bytes.writeUInt32BE(0, 8);
  bytes.writeUInt32BE(DIGITS, 12);
  bytes.writeBigUInt64BE(1n, 16);
  bytes.writeBigUInt64BE(BigInt(HIGHEST_US), 24);
  bytes.writeDoubleBE(1, 32);
  return bytes.subarray(0, end);
}

const DEFLATED_COOKIE = 0x1c849314;
/** What is written at a time: of Node's own 16 kB, which are made anew for each, most would be unused. */
const CHUNK_BYTES = 2_048;
/**
 * Counts of neighbouring buckets hardly ever repeat a stretch: looking for one takes as long as all
 * else, and what it finds makes the result longer.
 */
const CODING = { strategy: constants.Z_HUFFMAN_ONLY, memLevel: 4, chunkSize: CHUNK_BYTES };

let encoded = Buffer.alloc(0);

/** As `encodeCounts`, deflated, in base64: what stands in an interval log. */
export function encodeDeflated(counts: HistogramCounts): string {
  // A log has tens of thousands of them: each is encoded where the last one was.
  const room = roomFor(counts.index.length);
  if (encoded.length < room) encoded = Buffer.alloc(2 * room);
  const deflated = deflateSync(encodeInto(encoded, counts), CODING);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(DEFLATED_COOKIE, 0);
  head.writeUInt32BE(deflated.length, 4);
  return Buffer.concat([head, deflated]).toString("base64");
}

const malformed = (why: string): RangeError =>
  new RangeError(`this is not an HdrHistogram in V2 with three digits: ${why}`);

/** Reads what `encodeCounts` wrote. @throws RangeError when it is no such thing, or is cut */
export function decodeCounts(bytes: Buffer): HistogramCounts {
  if (bytes.length < HEAD_BYTES || bytes.readUInt32BE(0) !== COOKIE) throw malformed("its head");
  if (bytes.readUInt32BE(12) !== DIGITS || bytes.readUInt32BE(8) !== 0)
    throw malformed("its range");
  const end = HEAD_BYTES + bytes.readUInt32BE(4);
  if (end !== bytes.length) throw malformed("its length");
  const [index, count]: [number[], number[]] = [[], []];
  let next = 0;
  for (let at = HEAD_BYTES; at < end;) {
    let [zigzag, scale] = [0, 1];
    for (let more = true; more; scale *= 0x80) {
      if (at === end || scale > 2 ** 49) throw malformed("a count");
      const byte = bytes[at++]!;
      zigzag += (byte & 0x7f) * scale;
      more = byte >= 0x80;
    }
    if (zigzag % 2 === 1) {
      next += (zigzag + 1) / 2;
    } else {
      if (zigzag > 0) {
        index.push(next);
        count.push(zigzag / 2);
      }
      next++;
    }
    if (next > BUCKETS) throw malformed("too many counts");
  }
  return { index: Uint32Array.from(index), count: Float64Array.from(count) };
}
