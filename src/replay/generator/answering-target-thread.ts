import { type AddressInfo, createServer, type Socket } from "node:net";
import { parentPort } from "node:worker_threads";
import { bytes as b, MessageHead, MessageParser, ON, READ } from "../../http1/index.ts";

/*
 * What a rehearsal sends to, and a search for the generator's own ceiling: answers at once, whatever
 * is asked. In a thread of its own, so that the generator's engine learns from the generator's work
 * alone; and on sockets, since Node's server of HTTP takes as much of a core as the generator does.
 */
const BODY = "x".repeat(512);
const answer = (fields: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\nDate: ${new Date(0).toUTCString()}\r\n${fields}` +
      `Content-Length: ${BODY.length}\r\n\r\n${BODY}`,
  );
const KEPT = answer("Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n");
const CLOSED = answer("Connection: close\r\n");

/** Tells no more of requests than where they end. */
class RequestEnds extends MessageParser<MessageHead> {
  constructor() {
    super(new MessageHead(), { headerBytes: 2 ** 20, fields: 10_000, bodyBytes: Infinity });
    this.begin();
  }

  /** Whether the connection may carry another request. */
  get persistent(): boolean {
    return this.head.persistent;
  }

  next(): void {
    this.begin();
  }

  protected override readStartLine(bytes: Buffer, at: number, end: number): number {
    const lf = bytes.indexOf(b.LF, at);
    return lf < 0 || lf >= end ? b.INCOMPLETE : lf + 1;
  }

  protected override startLineRead(): boolean {
    return true;
  }

  protected override headRead(): typeof ON {
    if (this.head.chunked) this.bodyInChunks();
    else this.bodyOfLength(Math.max(this.head.contentLength, 0));
    return ON;
  }

  protected override take(): void {}
}

function serve(socket: Socket): void {
  const requests = new RequestEnds();
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes: Buffer) => {
    for (let at = 0; ;) {
      const result = requests.read(bytes, at, bytes.length);
      if (result === READ.more) return;
      if (result !== READ.done || !requests.persistent) {
        socket.end(CLOSED);
        return;
      }
      socket.write(KEPT);
      requests.next();
      at = requests.at;
      if (at === bytes.length) return;
    }
  });
}

const server = createServer(serve);
server.listen(0, "127.0.0.1", () =>
  parentPort?.postMessage((server.address() as AddressInfo).port),
);
