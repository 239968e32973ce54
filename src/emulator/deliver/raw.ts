import { hashText } from "../../core/index.ts";
import { type Http1Response, statusLine } from "../http1/index.ts";
import { planTransfer } from "../transfer/index.ts";
import {
  type Answer,
  AT_ONCE,
  bytesOf,
  type Delivery,
  isHead,
  type RawBreak,
  Steps,
  type Underway,
  type Way,
} from "./delivery.ts";
import { runPieces } from "./whole.ts";

/** What comes where a chunk's length should. */
const NO_CHUNK = Buffer.from("this is no chunk\r\n");

/** The head as it stands on the wire, line by line, without the empty one at its end. */
export function headLines(
  { headers, status, statusText }: Answer,
  more: Readonly<Record<string, string>>,
): string[] {
  const all = { date: new Date().toUTCString(), ...headers, ...more };
  return [
    statusLine(status, statusText),
    ...Object.entries(all).flatMap(([name, value]) =>
      [value].flat().map((each) => `${name}: ${each}\r\n`),
    ),
  ];
}

/**
 * Bytes that are no answer: drawn from the call's luck, never beginning like one.
 */
export function garbageOf(bytes: number, luck: number): Buffer {
  const noise = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i += 4) {
    const word = hashText(`${luck}/${i}`);
    for (let j = 0; j < 4 && i + j < bytes; j++) noise[i + j] = (word >>> (8 * j)) & 0xff;
  }
  // Whatever else it may look like, it is no H.
  if (bytes > 0) noise[0] = noise[0]! | 0x80;
  return noise;
}

/** What a fault puts on an HTTP/1.1 connection by itself; the connection does not outlive it. */
export function sendRaw(
  response: Http1Response,
  fault: RawBreak,
  delivery: Delivery,
  way: Way,
): Underway {
  const stream = response.socket;
  const steps = new Steps(way);
  if (stream === null) return steps;
  const { answer, luck, transfer } = delivery;
  const body = isHead(response) ? Buffer.alloc(0) : bytesOf(answer.body);
  const end = { connection: "close" };
  const length =
    answer.body === null ? end : { ...end, "content-length": String(bytesOf(answer.body).length) };
  const close = (bodyBytes: number): void => {
    stream.once("finish", () => way.onEnd(bodyBytes));
    stream.destroySoon();
  };
  const sendHead = (lines: readonly string[]): void => {
    stream.write(lines.join(""), "latin1");
  };
  const send = (bytes: Buffer, last: () => void): void => {
    const pieces = planTransfer(bytes.length, transfer ?? AT_ONCE);
    runPieces(steps, { bytes, pieces, write: (piece) => void stream.write(piece) }, last);
  };
  switch (fault.kind) {
    case "empty":
      close(0);
      return steps;
    case "garbage":
      way.onFirstByte();
      send(garbageOf(fault.bytes, luck), () => close(0));
      return steps;
    case "malformed-chunk":
      sendHead([...headLines(answer, { "transfer-encoding": "chunked" }), "\r\n"]);
      way.onFirstByte();
      send(isHead(response) ? body : NO_CHUNK, () => close(0));
      return steps;
    case "slow-headers": {
      const lines = [...headLines(answer, length), "\r\n"];
      const gapUs = fault.overUs / (lines.length - 1);
      way.onFirstByte();
      steps.run(
        lines.map((_, index) => index * gapUs),
        (index) => sendHead(lines.slice(index, index + 1)),
        () => send(body, () => close(body.length)),
      );
      return steps;
    }
    case "slow-close":
      sendHead([...headLines(answer, length), "\r\n"]);
      way.onFirstByte();
      send(body, () => {
        // Called when all that was written before has left.
        stream.write("", () => way.onEnd(body.length));
        steps.run(
          [fault.afterUs],
          () => {},
          () => stream.destroySoon(),
        );
      });
      return steps;
  }
}
