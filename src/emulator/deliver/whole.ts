import type { Http2ServerResponse } from "node:http2";
import { Http1Response } from "../http1/index.ts";
import { planTransfer, type TransferPiece } from "../transfer/index.ts";
import type { Transfer } from "../model.ts";
import {
  type Answer,
  type AnyResponse,
  bytesOf,
  type Delivery,
  isHead,
  NOTHING,
  Steps,
  type Underway,
  type Way,
  writeHead,
} from "./delivery.ts";

/** How slowly a body comes that is to take so long: in up to fifty pieces, the last at the end. */
const SLOW_PIECES = 50;

/** An answer without a fault: in one go, or at the pace that it has. */
export function sendAnswer(response: AnyResponse, delivery: Delivery, way: Way): Underway {
  const { transfer } = delivery;
  if (transfer !== null) return sendInPieces(response, delivery, way, { transfer });
  sendWhole(response, delivery, way);
  return NOTHING;
}

/** The same, and then what is done to its connection. */
export function sendThen(
  response: AnyResponse,
  delivery: Delivery,
  way: Way,
  then: () => void,
): Underway {
  const onEnd = (bodyBytes: number): void => {
    way.onEnd(bodyBytes);
    then();
  };
  return sendAnswer(response, delivery, { ...way, onEnd });
}

/** An answer in one go. The common case, on the hot path. */
function sendWhole(response: AnyResponse, { answer }: Delivery, way: Way): void {
  if (response instanceof Http1Response) response.whole(answer, way);
  else sendWholeStream(response, answer, way);
}

function sendWholeStream(response: Http2ServerResponse, answer: Answer, way: Way): void {
  const { body, headers, status } = answer;
  const length = body === null ? 0 : Buffer.byteLength(body);
  response.writeHead(status, body === null ? headers : { ...headers, "content-length": length });
  if (body === null) response.end();
  else response.end(body);
  way.onFirstByte();
  response.once("finish", () => way.onEnd(isHead(response) ? 0 : length));
}

/**
 * The head, then the body in pieces, each when its time has come; `send` bytes of it (all of them
 * unless told, none for a HEAD), then `after`, which ends the answer unless told.
 */
export function sendInPieces(
  response: AnyResponse,
  { answer }: Delivery,
  way: Way,
  { after, send, transfer }: { transfer: Transfer; send?: number; after?: () => void },
): Underway {
  // The compatible response of HTTP/2 takes the same calls.
  const http = response as Http1Response;
  const body = bytesOf(answer.body);
  const whole = isHead(response) ? 0 : body.length;
  const sent = body.subarray(0, Math.min(whole, send ?? whole));
  const length = answer.body === null ? {} : { "content-length": String(body.length) };
  writeHead(response, { ...answer, headers: { ...answer.headers, ...length } });
  http.flushHeaders();
  way.onFirstByte();
  const pieces = planTransfer(whole, transfer, sent.length);
  const steps = new Steps(way);
  const finish = after ?? (() => http.end(() => way.onEnd(sent.length)));
  runPieces(steps, { bytes: sent, pieces, write: (piece) => http.write(piece) }, () => {
    // What is cut off is cut off once the kernel has what came before.
    if (after === undefined || sent.length === 0) finish();
    else http.write("", finish);
  });
  return steps;
}

/** Writes pieces of some bytes, each when its time has come, then calls `last`. */
export function runPieces(
  steps: Steps,
  what: {
    readonly bytes: Buffer;
    readonly pieces: readonly TransferPiece[];
    readonly write: (piece: Buffer) => void;
  },
  last: () => void,
): void {
  const { bytes, pieces, write } = what;
  let from = 0;
  steps.run(
    pieces.map(({ afterUs }) => afterUs),
    (index) => {
      const { endByte } = pieces[index]!;
      const piece = bytes.subarray(from, endByte);
      from = endByte;
      write(piece);
    },
    last,
  );
}

/** The transfer that spreads a body over so long; the one that it has, where that takes longer. */
export function slowly(bodyBytes: number, overUs: number, own: Transfer | null): Transfer {
  if (own !== null && (planTransfer(bodyBytes, own).at(-1)?.afterUs ?? 0) >= overUs) return own;
  const chunks = Math.max(Math.min(SLOW_PIECES, bodyBytes), 1);
  return { bytesPerSec: Math.max(bodyBytes, 1) / (overUs / 1e6), chunks, chunkGapUs: 0 };
}
