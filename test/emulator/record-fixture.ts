import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { monotonicClock } from "../../src/core/index.ts";
import { type RecordedExchange, RecordingProxy } from "../../src/emulator/record/index.ts";

export interface Conversation {
  readonly name: string;
  readonly up: string;
  readonly down: string;
  readonly exchanges: readonly object[];
  readonly blind?: readonly string[];
}

const exchange = (
  method: string,
  target: string,
  status: number | undefined,
  rest: { body?: string; outcome?: string } = {},
) => ({ method, target, status, outcome: "answered", body: null, ...rest });

/** What a client and a server say to each other, and what is to be seen of it. */
export const CONVERSATIONS: readonly Conversation[] = [
  {
    name: "lines that end by LF alone, or now so, now so, and lengths that are folded",
    up:
      "POST /lf HTTP/1.1\nhost: x\nContent-Length: 2\n\nhi" +
      "POST /mixed HTTP/1.1\nhost: x\r\nContent-Length:\r\n\t2\r\n\r\nho" +
      "GET /crlf HTTP/1.1\n\r\nGET /last HTTP/1.1\r\n\r\n",
    down:
      "HTTP/1.1 200 OK\ncontent-length: 3\n\nabc" +
      "HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc" +
      "HTTP/1.1 204 No Content\n\n".repeat(2),
    exchanges: [
      exchange("POST", "/lf", 200, { body: "hi" }),
      exchange("POST", "/mixed", 200, { body: "ho" }),
      exchange("GET", "/crlf", 204),
      exchange("GET", "/last", 204),
    ],
  },
  {
    name: "kept alive, with lengths",
    up: "GET /a HTTP/1.1\r\nhost: x\r\n\r\nPOST /b?c=d HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    down:
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 404 Not Found\r\n" +
      "content-length: 0\r\n\r\n",
    exchanges: [exchange("GET", "/a", 200), exchange("POST", "/b?c=d", 404, { body: "hello" })],
  },
  {
    name: "chunked both ways, with extensions and trailers",
    up:
      "PUT /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n" +
      "0\r\nx: y\r\n\r\nGET /y HTTP/1.1\r\n\r\n",
    down:
      "HTTP/1.1 200\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n" +
      "HTTP/1.1 204 No Content\r\n\r\n",
    exchanges: [exchange("PUT", "/x", 200, { body: "abc0123456789" }), exchange("GET", "/y", 204)],
  },
  {
    name: "HEAD, 304 and a body that is announced and not there",
    up: "HEAD /h HTTP/1.1\r\n\r\nGET /n HTTP/1.1\r\n\r\nGET /o HTTP/1.1\r\n\r\n",
    down:
      "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nHTTP/1.1 304 Not Modified\r\n" +
      "content-length: 9\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n!",
    exchanges: [
      exchange("HEAD", "/h", 200),
      exchange("GET", "/n", 304),
      exchange("GET", "/o", 200),
    ],
  },
  {
    name: "interim answers",
    up: "POST /e HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nhi",
    down:
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </s>\r\n\r\n" +
      "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
    exchanges: [exchange("POST", "/e", 201, { body: "hi" })],
  },
  {
    name: "HTTP/1.0, whose answer ends with the connection",
    up: "GET /old HTTP/1.0\r\n\r\n",
    down: "HTTP/1.0 200 OK\r\n\r\nall the rest",
    exchanges: [exchange("GET", "/old", 200)],
  },
  {
    name: "an answer that is cut, and one that never came",
    up: "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
    down: "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
    exchanges: [
      exchange("GET", "/1", 200, { outcome: "cut" }),
      exchange("GET", "/2", undefined, { outcome: "unanswered" }),
    ],
  },
  {
    name: "a websocket",
    up: "GET /ws HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    down: "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x81\x05hello\x88\x00",
    exchanges: [],
    blind: ["upgraded"],
  },
  {
    name: "bytes that are no HTTP",
    up: "\x16\x03\x01\x02\x00\x01\n\n\x00",
    down: "\x15\x03\x01\n",
    exchanges: [],
    blind: ["a request line is not METHOD TARGET HTTP/1"],
  },
];

/** Pieces of these lengths, over and over, until all is cut. */
export function cutAt(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let [at, i] = [0, 0]; at < bytes.length; i++) {
    const length = lengths[i % lengths.length]!;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

/** A TCP server on loopback. */
export async function served(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    // Resets are part of what is tried.
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

/** A recording proxy in front of a port of loopback. */
export async function recorded(upstreamPort: number, bodyBytesMax = 1_000) {
  const exchanges: RecordedExchange[] = [];
  const proxy = await RecordingProxy.start({
    name: "service",
    host: "127.0.0.1",
    port: 0,
    upstream: { host: "127.0.0.1", port: upstreamPort, tls: false },
    clock: monotonicClock(process.hrtime.bigint()),
    bodyBytesMax,
    onExchange: (one) => exchanges.push(one),
  });
  return { proxy, exchanges, port: Number(proxy.address.split(":").at(-1)) };
}
