import { constants, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import {
  AT_ONCE,
  bodyBytesOf,
  type Break,
  type Delivery,
  Steps,
  type Underway,
  type Way,
} from "./delivery.ts";
import { sendAnswer, sendInPieces, sendThen, slowly } from "./whole.ts";

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants;

/**
 * A fault on a stream of HTTP/2, where a connection is not one call's to break: what resets or
 * closes a connection resets the stream, what cannot be parsed ends it as a protocol error, and
 * `reset after`, `slow-close`, `early-close` and `goaway` take the connection away once the answer
 * is given, as a server does that restarts.
 */
export function sendOnStream(
  response: Http2ServerResponse,
  fault: Break,
  delivery: Delivery,
  way: Way,
): Underway {
  const { stream } = response;
  // A stream that has ended forgets it.
  const { session } = stream;
  const steps = new Steps(way);
  const { answer } = delivery;
  const bodyBytes = bodyBytesOf(response, answer);
  const end = (code: number, sent: number): void => {
    stream.close(code);
    way.onEnd(sent);
  };
  switch (fault.kind) {
    case "reset":
      if (fault.when === "after") {
        return sendThen(response, delivery, way, () => way.socket.resetAndDestroy());
      }
      if (fault.when === "amid") {
        return cut(response, delivery, way, {
          share: 0.5,
          after: (sent) => end(NGHTTP2_INTERNAL_ERROR, sent),
        });
      }
      end(NGHTTP2_INTERNAL_ERROR, 0);
      return steps;
    case "empty":
      end(NGHTTP2_NO_ERROR, 0);
      return steps;
    case "garbage":
      end(NGHTTP2_PROTOCOL_ERROR, 0);
      return steps;
    case "malformed-chunk":
      return cut(response, delivery, way, {
        share: 0,
        after: () => end(NGHTTP2_PROTOCOL_ERROR, 0),
      });
    case "truncated":
      return cut(response, delivery, way, {
        share: fault.share,
        after: (sent) => void response.end(() => way.onEnd(sent)),
      });
    case "slow-headers": {
      let answering: Underway = steps;
      const begin = (): void => void (answering = sendAnswer(response, delivery, way));
      steps.run([fault.overUs], begin, () => {});
      return {
        cancel() {
          steps.cancel();
          answering.cancel();
        },
      };
    }
    case "slow-body":
      return sendInPieces(response, delivery, way, {
        transfer: slowly(bodyBytes, fault.overUs, delivery.transfer),
      });
    case "slow-close":
      return sendThen(response, delivery, way, () =>
        steps.run(
          [fault.afterUs],
          () => goAway(session),
          () => {},
        ),
      );
    case "early-close":
    case "goaway":
      return sendThen(response, delivery, way, () => goAway(session));
  }
}

/** Other streams of the connection end as they would; new ones are refused. */
function goAway(session: ServerHttp2Stream["session"]): void {
  if (session === undefined || session.destroyed) return;
  // This sends the frame, and hangs up once no stream is left.
  session.close();
}

function cut(
  response: Http2ServerResponse,
  delivery: Delivery,
  way: Way,
  { after, share }: { share: number; after: (sent: number) => void },
): Underway {
  const send = Math.floor(bodyBytesOf(response, delivery.answer) * share);
  return sendInPieces(response, delivery, way, {
    transfer: delivery.transfer ?? AT_ONCE,
    send,
    after: () => after(send),
  });
}
