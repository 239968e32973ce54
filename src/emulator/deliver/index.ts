/** Carries an answer out, with what goes wrong with it, over HTTP/1.1 or HTTP/2. */
import type { ServerResponse } from "node:http";
import { Http2ServerResponse } from "node:http2";
import { type AnyResponse, type Delivery, Steps, type Underway, type Way } from "./delivery.ts";
import { sendRaw } from "./raw.ts";
import { sendOnStream } from "./stream.ts";
import { sendInPieces, sendWhole, slowly } from "./whole.ts";

export type { Answer, AnyResponse, Delivery, Underway, Way } from "./delivery.ts";

const NOTHING: Underway = { cancel() {} };
const AT_ONCE = { bytesPerSec: Number.POSITIVE_INFINITY, chunks: 1, chunkGapUs: 0 };

/**
 * Sends an answer. Behind an earlier answer on its connection it waits for its turn. Returns what
 * is still under way, to be cancelled when the caller goes.
 */
export function deliver(response: AnyResponse, delivery: Delivery, way: Way): Underway {
  const { fault, transfer } = delivery;
  // The caller waits in vain, and the connection with it.
  if (fault?.kind === "hang") return NOTHING;
  const plain = fault === null || fault.kind === "status";
  if (plain && transfer === null) {
    sendWhole(response, delivery, way);
    return NOTHING;
  }
  if (plain) return sendInPieces(response, delivery, way, { transfer: transfer! });
  if (response instanceof Http2ServerResponse) return sendOnStream(response, delivery, way);
  if (response.socket !== null) return sendBroken(response, delivery, way);
  let underway = NOTHING;
  response.once("socket", () => (underway = sendBroken(response, delivery, way)));
  return { cancel: () => underway.cancel() };
}

/** An answer over HTTP/1.1 with a fault, when its turn has come. */
function sendBroken(response: ServerResponse, delivery: Delivery, way: Way): Underway {
  const { answer, fault } = delivery;
  const { socket } = way;
  const bodyBytes = answer.body === null ? 0 : Buffer.byteLength(answer.body);
  const sendThen = (then: () => void): Underway => {
    const onEnd = (sent: number): void => {
      way.onEnd(sent);
      then();
    };
    sendWhole(response, delivery, { ...way, onEnd });
    return NOTHING;
  };
  const cut = (share: number, then: () => void): Underway => {
    const send = Math.floor(bodyBytes * share);
    const after = (): void => {
      way.onEnd(send);
      then();
    };
    return sendInPieces(response, delivery, way, { transfer: AT_ONCE, send, after });
  };
  switch (fault?.kind) {
    case "reset":
      if (fault.when === "amid") return cut(0.5, () => socket.resetAndDestroy());
      if (fault.when === "after") return sendThen(() => socket.resetAndDestroy());
      way.onEnd(0);
      socket.resetAndDestroy();
      return NOTHING;
    case "truncated":
      return cut(fault.share, () => socket.end());
    case "slow-body":
      return sendInPieces(response, delivery, way, { transfer: slowly(bodyBytes, fault.overUs) });
    case "early-close":
    case "goaway":
      return sendThen(() => socket.end());
    case undefined:
      return new Steps(way);
    default:
      return sendRaw(response, delivery, way);
  }
}
