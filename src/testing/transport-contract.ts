import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { traceparentOf } from "../core/index.ts";
import type { PreparedRequest, Transport } from "../replay/index.ts";
import { collectExchange, exchangeOnce } from "./collect.ts";
import { type LoopbackHandler, type LoopbackTarget, loopbackTarget } from "./loopback.ts";
import type { Suite } from "./suite.ts";

/** Makes a transport to an origin (`http://127.0.0.1:<port>`) with at most so many connections. */
export type TransportMaker = (origin: string, connectionsMax: number) => Transport;

interface Bed extends AsyncDisposable {
  readonly transport: Transport;
  readonly target: LoopbackTarget;
}

type Setup = (handler: LoopbackHandler, connectionsMax?: number) => Promise<Bed>;

const OK = { kind: "answer", body: "hello" } as const;
const IDENTITY = [
  "traceparent",
  traceparentOf({ runId: "00000000000000c1", seq: 42, armIndex: 1 }),
  "x-request-id",
  "00000000000000c1-42-1",
] as const;
const ANSWERED = ["start", "firstByte", "end"];

function requestTo(target: LoopbackTarget, more: Partial<PreparedRequest> = {}): PreparedRequest {
  const headers = ["host", new URL(target.origin).host];
  return { method: "GET", path: "/", headers, body: null, route: 0, bytesOut: 0, ...more };
}

/** What every HTTP/1.1 transport keeps to, over real sockets on 127.0.0.1. */
export function transportContract(name: string, make: TransportMaker, suite: Suite): void {
  const setup: Setup = async (handler, connectionsMax = 4) => {
    const target = await loopbackTarget(handler);
    const transport = make(target.origin, connectionsMax);
    const close = async (): Promise<void> => {
      await transport.close();
      await target[Symbol.asyncDispose]();
    };
    return { transport, target, [Symbol.asyncDispose]: close };
  };
  suite.describe(`transport ${name}`, () => {
    answers(setup, suite);
    requests(setup, suite);
    failures(setup, suite);
    givingUp(setup, suite);
    connections(setup, suite);
  });
}

function answers(setup: Setup, { it }: Suite): void {
  const big = Buffer.alloc(3_000_000, "x");
  const bodies = [
    ["a body with its length", OK, 200, 5],
    ["a chunked body", { ...OK, body: [Buffer.from("hel"), Buffer.from("lo")] }, 200, 5],
    ["no body", { ...OK, body: "" }, 200, 0],
    ["a body of 3 MB", { ...OK, body: big }, 200, big.length],
    [
      "a chunked body of 3 MB",
      { ...OK, body: [big.subarray(1), big.subarray(0, 1)] },
      200,
      big.length,
    ],
    ["204 without a body", { kind: "answer", status: 204 }, 204, 0],
    ["304 without a body", { kind: "answer", status: 304 }, 304, 0],
    ["an error status as an answer", { ...OK, status: 503 }, 503, 5],
    [
      "a body that ends with the connection",
      { kind: "raw", bytes: "HTTP/1.1 200 OK\r\n\r\nuntil the end", then: "end" },
      200,
      13,
    ],
    [
      "103 before the answer, which alone counts",
      {
        kind: "raw",
        bytes:
          "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok",
        then: "keep",
      },
      201,
      2,
    ],
  ] as const;
  for (const [what, reply, status, bytesIn] of bodies) {
    it(`reads ${what}`, async () => {
      await using bed = await setup(() => reply);
      const story = await exchangeOnce(bed.transport, requestTo(bed.target));
      assert.deepEqual(story, { calls: ANSWERED, status, bytesIn, error: null });
    });
  }

  it("reads an answer to HEAD, whose length is of a body that does not come", async () => {
    await using bed = await setup(() => OK);
    const story = await exchangeOnce(bed.transport, requestTo(bed.target, { method: "HEAD" }));
    assert.deepEqual(story, { calls: ANSWERED, status: 200, bytesIn: 0, error: null });
  });
}

function requests(setup: Setup, { it }: Suite): void {
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    it(`sends the body of a ${method} whole and unchanged`, async () => {
      await using bed = await setup(() => OK);
      const body = randomBytes(200_000);
      await exchangeOnce(bed.transport, requestTo(bed.target, { method, body, path: "/a?b=%20c" }));
      const seen = bed.target.seen[0];
      assert.equal(seen?.method, method);
      assert.equal(seen.path, "/a?b=%20c");
      assert.equal(Buffer.compare(seen.body, body), 0);
      assert.equal(seen.headers["content-length"], "200000");
    });
  }

  it("sends every header as it is, in order, the identity last", async () => {
    await using bed = await setup(() => OK);
    const own = ["host", "shop.example", "accept", "a", "accept", "b", "x-name", "caf\u00e9"];
    await exchangeOnce(bed.transport, requestTo(bed.target, { headers: own }), IDENTITY);
    const raw = bed.target.seen[0]?.rawHeaders ?? [];
    const pairs = raw.flatMap((text, i) => (i % 2 === 0 ? [`${text}: ${raw[i + 1]}`] : []));
    const wanted = [...own, ...IDENTITY];
    const expected = wanted.flatMap((text, i) =>
      i % 2 === 0 ? [`${text}: ${wanted[i + 1]}`] : [],
    );
    assert.deepEqual(
      pairs.filter((pair) => !/^(?:connection|content-length):/i.test(pair)),
      expected,
    );
  });
}

function failures(setup: Setup, { it }: Suite): void {
  it("says `refused` when nothing listens: to connect is the target's to answer", async () => {
    await using bed = await setup(() => OK);
    await bed.target.refuse();
    const story = await exchangeOnce(bed.transport, requestTo(bed.target));
    const told = { calls: ["start", "fail"], status: null, bytesIn: null, error: "refused" };
    assert.deepEqual(story, told);
  });

  const broken = [
    ["a reset before the answer", { kind: "raw", bytes: "", then: "reset" }, "reset"],
    ["an end before the answer", { kind: "raw", bytes: "", then: "end" }, "reset"],
    [
      "what is not HTTP",
      { kind: "raw", bytes: "SSH-2.0-nothing\r\n\r\n", then: "end" },
      "protocol",
    ],
    [
      "an answer with a broken header",
      { kind: "raw", bytes: "HTTP/1.1 200 OK\r\nbad header\r\n\r\n", then: "keep" },
      "protocol",
    ],
    [
      "an upgrade that was not asked for",
      {
        kind: "raw",
        bytes: "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        then: "keep",
      },
      "protocol",
    ],
  ] as const;
  for (const [what, reply, error] of broken) {
    it(`says \`${error}\` for ${what}`, async () => {
      await using bed = await setup(() => reply);
      const story = await exchangeOnce(bed.transport, requestTo(bed.target));
      assert.deepEqual(story, { calls: ["start", "fail"], status: null, bytesIn: null, error });
    });
  }

  for (const then of ["end", "reset"] as const) {
    for (const head of [
      "content-length: 100\r\n\r\nhalf",
      "transfer-encoding: chunked\r\n\r\n4\r\nhalf",
    ]) {
      it(`says \`reset\` for a connection's ${then} amid ${head.split(":")[0]}`, async () => {
        const bytes = `HTTP/1.1 200 OK\r\n${head}`;
        await using bed = await setup(() => ({ kind: "raw", bytes, then }));
        const story = await exchangeOnce(bed.transport, requestTo(bed.target));
        assert.equal(story.error, "reset");
        assert.equal(story.bytesIn, null);
      });
    }
  }

  it("goes on after a failure: the next request is answered", async () => {
    let asked = 0;
    await using bed = await setup(
      () => (asked++ === 0 ? { kind: "raw", bytes: "garbage\r\n\r\n", then: "end" } : OK),
      1,
    );
    const request = requestTo(bed.target);
    assert.equal((await exchangeOnce(bed.transport, request)).error, "protocol");
    assert.equal((await exchangeOnce(bed.transport, request)).bytesIn, 5);
  });
}

function givingUp(setup: Setup, { it }: Suite): void {
  it("fails at once with the reason it is given up for, before an answer", async () => {
    await using bed = await setup(() => ({ kind: "hang" }));
    const exchange = collectExchange();
    const giveUp = bed.transport.send(requestTo(bed.target), [], exchange.sink);
    await exchange.started;
    giveUp("timeout");
    const told = { calls: ["start", "fail"], status: null, bytesIn: null, error: "timeout" };
    assert.deepEqual(exchange.story(), told);
  });

  it("fails with the reason it is given up for, amid an answer", async () => {
    const bytes = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    await using bed = await setup(() => ({ kind: "raw", bytes, then: "keep" }));
    const exchange = collectExchange();
    const giveUp = bed.transport.send(requestTo(bed.target), [], exchange.sink);
    await exchange.answering;
    giveUp("cancelled");
    assert.equal((await exchange.ended).error, "cancelled");
  });

  it("ends an exchange once, however often it is given up, before or after its end", async () => {
    await using bed = await setup(() => OK);
    const exchange = collectExchange();
    const giveUp = bed.transport.send(requestTo(bed.target), [], exchange.sink);
    await exchange.ended;
    giveUp("timeout");
    const given = collectExchange();
    const giveUpAgain = bed.transport.send(requestTo(bed.target), [], given.sink);
    giveUpAgain("timeout");
    giveUpAgain("cancelled");
    await exchangeOnce(bed.transport, requestTo(bed.target));
    assert.deepEqual(exchange.story().calls, ANSWERED);
    assert.deepEqual(
      given.story().calls.filter((call) => call !== "start"),
      ["fail"],
    );
    assert.equal(given.story().error, "timeout");
  });

  it("gives a waiting request up without hurting the connection that it waits for", async () => {
    let release = (): void => {};
    const first = new Promise<typeof OK>((resolve) => (release = () => resolve(OK)));
    await using bed = await setup((request) => (request.path === "/first" ? first : OK), 1);
    const busy = collectExchange();
    bed.transport.send(requestTo(bed.target, { path: "/first" }), [], busy.sink);
    await busy.started;
    const waiting = collectExchange();
    bed.transport.send(requestTo(bed.target, { path: "/waiting" }), [], waiting.sink)("timeout");
    assert.deepEqual(waiting.story().calls, ["fail"]);
    const next = exchangeOnce(bed.transport, requestTo(bed.target, { path: "/next" }));
    release();
    assert.equal((await busy.ended).bytesIn, 5);
    assert.equal((await next).bytesIn, 5);
    assert.deepEqual(
      bed.target.seen.map(({ path }) => path),
      ["/first", "/next"],
    );
    assert.equal(bed.target.connections.accepted, 1);
    assert.deepEqual(waiting.story().calls, ["fail"]);
  });

  it("cancels what is in flight and what waits when it is closed", async () => {
    await using bed = await setup(() => ({ kind: "hang" }), 1);
    const exchanges = [collectExchange(), collectExchange()];
    for (const { sink } of exchanges) bed.transport.send(requestTo(bed.target), [], sink);
    await exchanges[0]?.started;
    await bed.transport.close();
    const ended = await Promise.all(exchanges.map((exchange) => exchange.ended));
    assert.deepEqual(
      ended.map(({ error }) => error),
      ["cancelled", "cancelled"],
    );
  });
}

function connections(setup: Setup, { it }: Suite): void {
  it("keeps to its number of connections, and answers everything", async () => {
    await using bed = await setup(() => OK, 3);
    const all = Array.from({ length: 60 }, () =>
      exchangeOnce(bed.transport, requestTo(bed.target)),
    );
    const stories = await Promise.all(all);
    assert.ok(stories.every(({ bytesIn }) => bytesIn === 5));
    assert.ok(bed.target.connections.most <= 3, `${bed.target.connections.most} connections`);
  });

  for (const method of ["GET", "HEAD", "POST"]) {
    it(`sends one ${method} after another on the same connection`, async () => {
      await using bed = await setup(() => OK, 1);
      for (let i = 0; i < 5; i++) {
        await exchangeOnce(bed.transport, requestTo(bed.target, { method }));
      }
      assert.equal(bed.target.seen.length, 5);
      assert.equal(bed.target.connections.accepted, 1);
    });
  }
}
