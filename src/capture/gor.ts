import { type CapturedRequest, type CaptureFormat, type CaptureItem } from "./format.ts";
import { headerOf, targetOf } from "./http-fields.ts";
import {
  answerBodyBytes,
  parseHead,
  parseRequestLine,
  requestBody,
  statusOf,
  Unusable,
} from "./http-message.ts";
import { splitPieces } from "./split.ts";

/** Between records: line feed, three monkeys, line feed. 14 bytes. */
const SEPARATOR = Buffer.from("\n🐵🙈🙉\n");
const RECORD_MAX_BYTES = 64 * 2 ** 20;
/** Ids of newer GoReplay: ports, address and sequence number; the first 16 digits are the connection. */
const ADDRESSED_ID = /^[0-9a-f]{24}$/;

interface Meta {
  readonly type: string;
  readonly id: string;
  readonly atNs: bigint;
  /** From the message's first packet to its last; 0 in the old form with three fields. */
  readonly spanNs: bigint;
}

function parseMeta(line: string): Meta {
  const [type = "", id = "", stamp = "", span = "0", ...more] = line.trimEnd().split(" ");
  const wellFormed = /^[0-9a-z-]+$/i.test(id) && /^\d{1,19}$/.test(stamp);
  if (!wellFormed || !/^-?\d{1,19}$/.test(span) || more.length > 0) {
    throw new Unusable("the record's first line is not TYPE ID TIME [LATENCY]");
  }
  if (!["1", "2", "3"].includes(type)) throw new Unusable("the record type is not 1, 2 or 3");
  return { type, id, atNs: BigInt(stamp), spanNs: BigInt(span) };
}

function requestOf(payload: Buffer, meta: Meta, place: string): CapturedRequest {
  const head = parseHead(payload);
  const { method, target } = parseRequestLine(head.firstLine);
  const found = targetOf(target);
  if (found === undefined) throw new Unusable("the request target is not a path");
  return {
    place,
    arrivalNs: meta.atNs,
    method,
    path: found.path,
    host: found.host ?? headerOf(head.headers, "host")?.toLowerCase(),
    headers: head.headers,
    body: requestBody(payload, head, method),
    id: meta.id,
    connection: ADDRESSED_ID.test(meta.id) ? meta.id.slice(0, 16) : undefined,
  };
}

/** A response need not be whole: its first line is enough. */
function answerOf(payload: Buffer, meta: Meta): CaptureItem {
  const lineEnd = payload.indexOf("\n");
  const firstLine = payload.toString("latin1", 0, lineEnd === -1 ? payload.length : lineEnd);
  const status = statusOf(firstLine.trimEnd());
  const responseBytes = answerBodyBytes(payload);
  return { kind: "answer", id: meta.id, status, endNs: meta.atNs + meta.spanNs, responseBytes };
}

function itemOf(record: Buffer, place: string): CaptureItem | "replayed" {
  try {
    const metaEnd = record.indexOf("\n");
    const meta = parseMeta(record.toString("latin1", 0, metaEnd === -1 ? record.length : metaEnd));
    const payload = record.subarray(metaEnd === -1 ? record.length : metaEnd + 1);
    if (meta.type === "2") return answerOf(payload, meta);
    if (meta.type === "3") return "replayed";
    return { kind: "request", request: requestOf(payload, meta, place) };
  } catch (thrown) {
    if (!(thrown instanceof Unusable)) throw thrown;
    return { kind: "rejected", place, reason: thrown.message };
  }
}

/**
 * GoReplay files, with three or four fields in a record's first line, responses or none, sorted or
 * not; a last record without a separator counts. Responses complete their requests and are no
 * records of their own; replayed responses (type 3) are passed over with a warning.
 */
export const gorFormat: CaptureFormat = {
  name: "gor",
  description: "GoReplay file (.gor)",
  timePrecisionNs: 1,

  sniff(head) {
    return /^[123] [0-9a-z-]+ \d{10,19}(?: -?\d+)?\r?\n/i.test(head.toString("latin1", 0, 256));
  },

  async *read({ chunks, name }) {
    let replayedCount = 0;
    for await (const { bytes, line, oversize } of splitPieces(
      chunks,
      SEPARATOR,
      RECORD_MAX_BYTES,
    )) {
      const place = `${name}:${line}`;
      if (oversize) {
        yield { kind: "rejected", place, reason: "the record is over 64 MiB" };
        continue;
      }
      // A separator too many, or a line break at the file's end.
      if (bytes.length <= 2 && bytes.toString("latin1").trim() === "") continue;
      const item = itemOf(bytes, place);
      if (item === "replayed") replayedCount++;
      else yield item;
    }
    if (replayedCount > 0) {
      const text = `${name}: ${replayedCount} replayed responses (type 3) were passed over`;
      yield { kind: "warning", text };
    }
  },
};
