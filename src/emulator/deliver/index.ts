/** Carries an answer out, with what goes wrong with it, over HTTP/1.1 or HTTP/2. */
import { Http2ServerResponse } from "node:http2";
import type { Http1Response } from "../http1/index.ts";
import {
  type AnyResponse,
  AT_ONCE,
  bodyBytesOf,
  type Break,
  type Delivery,
  NOTHING,
  type Underway,
  type Way,
} from "./delivery.ts";
import { sendRaw } from "./raw.ts";
import { sendOnStream } from "./stream.ts";
import { sendAnswer, sendInPieces, sendThen, slowly } from "./whole.ts";

export {
  type Answer,
  type AnyResponse,
  type Delivery,
  isHead,
  NOTHING,
  type Underway,
  type Way,
  writeHead,
} from "./delivery.ts";

/**
 * Sends an answer. Behind an earlier answer on its connection it waits for its turn. Returns what
 * is still under way, to be cancelled when the caller goes.
 */
export function deliver(response: AnyResponse, delivery: Delivery, way: Way): Underway {
  const { fault } = delivery;
  if (fault === null || fault.kind === "status") return sendAnswer(response, delivery, way);
  // The caller waits in vain, and the connection with it.
  if (fault.kind === "hang") return NOTHING;
  if (response instanceof Http2ServerResponse) return sendOnStream(response, fault, delivery, way);
  if (response.socket !== null) return sendBroken(response, fault, delivery, way);
  let underway = NOTHING;
  let over = false;
  response.whenTurn(() => {
    if (!over) underway = sendBroken(response, fault, delivery, way);
  });
  return {
    cancel() {
      over = true;
      underway.cancel();
    },
  };
}

/** An answer over HTTP/1.1 with a fault, when its turn has come. */
function sendBroken(response: Http1Response, fault: Break, delivery: Delivery, way: Way): Underway {
  const { answer, transfer } = delivery;
  const { socket } = way;
  // Above TLS, where there is: what is closed there says so. An answer that has ended forgets it.
  const stream = response.socket ?? socket;
  const bodyBytes = bodyBytesOf(response, answer);
  const cut = (share: number, then: () => void): Underway => {
    const send = Math.floor(bodyBytes * share);
    const after = (): void => {
      way.onEnd(send);
      then();
    };
    return sendInPieces(response, delivery, way, { transfer: transfer ?? AT_ONCE, send, after });
  };
  switch (fault.kind) {
    case "reset":
      if (fault.when === "amid") return cut(0.5, () => socket.resetAndDestroy());
      // What the kernel has not yet sent of a long answer goes with the connection.
      if (fault.when === "after") {
        return sendThen(response, delivery, way, () => socket.resetAndDestroy());
      }
      way.onEnd(0);
      socket.resetAndDestroy();
      return NOTHING;
    case "truncated":
      return cut(fault.share, () => stream.destroySoon());
    case "slow-body":
      return sendInPieces(response, delivery, way, {
        transfer: slowly(bodyBytes, fault.overUs, transfer),
      });
    case "early-close":
    case "goaway":
      return sendThen(response, delivery, way, () => stream.destroySoon());
    case "empty":
    case "garbage":
    case "malformed-chunk":
    case "slow-headers":
    case "slow-close":
      return sendRaw(response, fault, delivery, way);
  }
}
