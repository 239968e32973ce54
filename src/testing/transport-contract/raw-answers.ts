import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { MakeTransport, TransportLimits } from "../../replay/index.ts";
import { exchangeOnce } from "../collect.ts";
import { type RawRequest, rawTarget } from "../raw-target.ts";
import type { Suite } from "../suite.ts";
import { answered, bedOn, requestTo, targetCertificate, unanswered } from "./bed.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Writes piece after piece, each in a turn of its own, so that they are read apart. */
async function trickle(socket: Socket, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece, "latin1");
    await nextTurn();
  }
}

const ok = (body: string, head = ""): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${head}\r\n${body}`;

/** Answers byte by byte: status and length of what is read. */
const SLOW: readonly (readonly [string, string, number, number])[] = [
  ["a length", ok("hello", "x: y\r\n"), 200, 5],
  [
    "chunks, an extension and a trailer",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n0a\r\n0123456789\r\n0\r\nt: 1\r\n\r\n",
    200,
    13,
  ],
  ["103 before it", `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok("hello")}`, 200, 5],
  ["no reason", "HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n", 404, 0],
];

/** What HTTP/1.1 targets may do with bytes, down to a single one. */
export function rawAnswers(make: MakeTransport, secure: boolean, { it }: Suite): void {
  const setup = async (
    onRequest: (request: RawRequest) => void,
    limits?: Partial<TransportLimits>,
  ) => {
    const certificate = secure ? targetCertificate() : undefined;
    const target = await rawTarget(onRequest, { certificate });
    const bed = bedOn(make, target, target.target, { connectionsMax: 1, ...limits });
    return Object.assign(bed, { request: requestTo(target.target.origin) });
  };

  for (const [what, bytes, status, bytesIn] of SLOW) {
    it(`reads an answer with ${what}, byte by byte, twice on one connection`, async () => {
      await using bed = await setup(({ socket }) => void trickle(socket, bytes));
      for (let i = 0; i < 2; i++) {
        assert.deepEqual(await exchangeOnce(bed, bed.request), answered(status, bytesIn));
      }
      assert.equal(bed.target.connections.accepted, 1);
    });
  }

  it("reads hints and answer that come in one piece", async () => {
    const bytes = `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${ok("ok")}`;
    await using bed = await setup(({ socket }) => socket.write(bytes));
    assert.deepEqual(await exchangeOnce(bed, bed.request), answered(200, 2));
  });

  it("reads a body that ends with the connection", async () => {
    await using bed = await setup(({ socket }) =>
      socket.end("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
    );
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await exchangeOnce(bed, bed.request), answered(200, 13));
    }
  });

  const closing = [
    ["`connection: close`", ok("hello", "connection: close\r\n")],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello"],
  ] as const;
  for (const [what, bytes] of closing) {
    it(`takes a new connection after ${what}`, async () => {
      await using bed = await setup(({ socket }) => socket.write(bytes));
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(await exchangeOnce(bed, bed.request), answered(200, 5));
      }
      assert.equal(bed.target.connections.accepted, 3);
    });
  }

  const leftovers = [
    ["a second answer", ok("evil")],
    ["half an answer", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["what is not HTTP", "\0\0\0"],
  ] as const;
  for (const [what, rest] of leftovers) {
    it(`never gives ${what}, come with an answer, to the next request`, async () => {
      await using bed = await setup(({ socket, nth }) => {
        socket.write(ok("x".repeat(100 + nth)) + rest);
      });
      // The last two wait while the first is answered.
      const both = await Promise.all([1, 2, 3].map(() => exchangeOnce(bed, bed.request)));
      assert.deepEqual(
        both,
        [100, 101, 102].map((bytesIn) => answered(200, bytesIn)),
      );
      assert.equal(bed.target.connections.accepted, 3);
    });

    it(`never gives ${what}, come unasked, to the next request`, async () => {
      const sockets: Socket[] = [];
      await using bed = await setup(({ socket, nth }) => {
        sockets.push(socket);
        socket.write(ok("x".repeat(100 + nth)));
      });
      assert.deepEqual(await exchangeOnce(bed, bed.request), answered(200, 100));
      const closed = once(sockets[0]!, "close");
      sockets[0]?.write(rest);
      await closed;
      assert.deepEqual(await exchangeOnce(bed, bed.request), answered(200, 101));
    });
  }

  it("takes a new connection when the target has closed the idle one", async () => {
    const sockets: Socket[] = [];
    await using bed = await setup(({ socket }) => {
      sockets.push(socket);
      socket.write(ok("hello"));
    });
    await exchangeOnce(bed, bed.request);
    const closed = once(sockets[0]!, "close");
    sockets[0]?.end();
    await closed;
    assert.deepEqual(await exchangeOnce(bed, bed.request), answered(200, 5));
    assert.equal(bed.target.connections.accepted, 2);
  });

  const under = [
    ["GET", "end", true],
    ["HEAD", "resetAndDestroy", true],
    ["POST", "end", false],
  ] as const;
  for (const [method, how, isSent] of under) {
    it(`${isSent ? "sends" : "does not send"} a ${method} again whose kept connection ends`, async () => {
      const heads: string[] = [];
      await using bed = await setup(({ socket, head, nth }) => {
        heads.push(head);
        if (nth !== 1) socket.write(ok(""));
        else if (secure || how === "end") socket.end();
        else socket.resetAndDestroy();
      });
      const request = requestTo(bed.target.target.origin, { method });
      const first = { traceparent: `00-${"1".repeat(32)}-0101${"2".repeat(12)}-01` };
      await exchangeOnce(bed, request);
      const story = await exchangeOnce(bed, request, { ...first, requestId: "a-1-0-1" });
      assert.deepEqual(story, isSent ? answered(200, 0) : unanswered("reset"));
      assert.equal(bed.transport.resends, isSent ? 1 : 0);
      if (isSent) assert.match(heads[2] ?? "", /traceparent: 00-1{32}-01022{12}-01/);
      if (isSent) assert.match(heads[2] ?? "", /x-request-id: a-1-0-2/);
    });
  }

  it("does not send again what was answered by half, or what fails again", async () => {
    await using bed = await setup(({ socket, nth }) => {
      if (nth === 0 || nth === 2) socket.write(ok("hello"));
      else socket.end(nth === 1 ? "H" : "");
    });
    const errors: unknown[] = [];
    for (let i = 0; i < 4; i++) errors.push((await exchangeOnce(bed, bed.request)).error);
    assert.deepEqual(errors, [null, "reset", null, "reset"]);
    assert.equal(bed.transport.resends, 1);
  });

  it("says `protocol` for a head that does not end", async () => {
    function* endless() {
      yield "HTTP/1.1 200 OK\r\n";
      for (let i = 0; ; i++) yield `x-${i}: ${"y".repeat(500)}\r\n`;
    }
    await using bed = await setup(({ socket }) => void trickle(socket, endless()), {
      headerBytesMax: 4_096,
    });
    assert.deepEqual(await exchangeOnce(bed, bed.request), unanswered("protocol"));
  });
}
