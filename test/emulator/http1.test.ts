import { once } from "node:events";
import { Agent as NodeAgent, request as nodeRequest } from "node:http";
import { connect } from "node:net";
import * as fc from "fast-check";
import { Agent, request } from "undici";
import { describe, expect, it, vi } from "vitest";
import type { Answer } from "../../src/emulator/deliver/index.ts";
import type { Http1Request, Http1Response } from "../../src/emulator/http1/index.ts";
import { among, exchange, OPTIONS, ourDoor } from "./http1-fixture.ts";

const PATIENT = { timeout: 10_000 };
const NOBODY = { onEnd() {}, onFirstByte() {} };
const HOST = "host: a\r\n";

/** How an answer is sent: in one go, in pieces of a known length, or in chunks. */
type Manner = "whole" | "pieces" | "chunks";

function send(response: Http1Response, { body, headers, status }: Answer, manner: Manner): void {
  if (manner === "whole") return response.whole({ body, headers, status }, NOBODY);
  const bytes = Buffer.from(body ?? "");
  const length = { "content-length": String(bytes.length) };
  response.writeHead(status, manner === "pieces" ? { ...headers, ...length } : headers);
  for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
  response.end();
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

async function byUndici(url: string, method: string, dispatcher: Agent): Promise<Got> {
  const { body, headers, statusCode } = await request(url, {
    method: method as "GET",
    dispatcher,
  });
  return { status: statusCode, headers, body: Buffer.from(await body.arrayBuffer()) };
}

async function byNode(url: string, method: string, agent: NodeAgent): Promise<Got> {
  const [response] = await once(nodeRequest(url, { method, agent }).end(), "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

const headers = fc.dictionary(
  fc.constantFrom("x-a", "X-B", "content-type", "cache-control", "date", "etag"),
  fc.string({ unit: among('aZ09;=,"/ -'), minLength: 1, maxLength: 20 }).map((text) => text.trim()),
);
const cookies = fc.option(fc.array(fc.constantFrom("a=1", "b=2"), { minLength: 1, maxLength: 3 }), {
  nil: undefined,
});
const body = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 60_000 }).map((length) => "é".repeat(length)),
);

describe("answers over HTTP/1.1", () => {
  it("are what they are to Node's client and to undici, on one connection after another", async () => {
    let next: readonly [Answer, Manner] | null = null;
    await using door = await ourDoor((_, response) => send(response, ...next!));
    const url = `http://127.0.0.1:${door.port}/`;
    const undici = new Agent({ connections: 1 });
    const agent = new NodeAgent({ keepAlive: true, maxSockets: 1 });
    const method = fc.constantFrom("GET", "GET", "HEAD", "DELETE");
    const status = fc.constantFrom(200, 200, 201, 204, 304, 404, 500, 299);
    const manner = fc.constantFrom<Manner>("whole", "whole", "pieces", "chunks");
    await fc.assert(
      fc.asyncProperty(
        fc.record({ method, status, headers, cookies, body, manner }),
        async (case_) => {
          const empty = case_.status === 204 || case_.status === 304;
          const told = { ...case_.headers };
          const set = case_.cookies === undefined ? {} : { "set-cookie": case_.cookies };
          const answer: Answer = {
            status: case_.status,
            headers: { ...told, ...set },
            body: empty ? null : case_.body,
          };
          next = [answer, empty ? "whole" : case_.manner];
          // Once more, since what was made for an answer is used again.
          for (const by of [byUndici, byNode, byUndici] as const) {
            const client = by === byNode ? agent : undici;
            const got = await by(url, case_.method, client as Agent & NodeAgent);
            expect(got.status).toBe(case_.status);
            const none = empty || case_.method === "HEAD";
            expect(got.body.equals(none ? Buffer.alloc(0) : Buffer.from(case_.body))).toBe(true);
            for (const [name, value] of Object.entries(told)) {
              expect(got.headers[name.toLowerCase()]).toBe(value);
            }
            expect([got.headers["set-cookie"] ?? []].flat()).toEqual(case_.cookies ?? []);
            expect(got.headers["date"]).toBeDefined();
          }
        },
      ),
      { numRuns: 40 },
    );
    await undici.destroy();
    agent.destroy();
  });

  it.each([[{ "x-a": "b\r\nx-c: d" }], [{ "x a": "b" }], [{ "": "b" }], [{ "x-a": ["b", "c\n"] }]])(
    "with headers that are none are not sent: %j",
    async (bad) => {
      let thrown: unknown = null;
      await using door = await ourDoor((_, response) => {
        for (const how of ["whole", "pieces"] as const) {
          try {
            send(response, { status: 200, headers: bad, body: "x" }, how);
          } catch (cause) {
            thrown = cause;
          }
          expect(thrown).toBeInstanceOf(TypeError);
        }
        send(response, { status: 200, headers: {}, body: "good" }, "whole");
      });
      const text = await exchange(door.port, [Buffer.from(`GET / HTTP/1.1\r\n${HOST}\r\n`)]);
      expect(text).toMatch(/^HTTP\/1.1 200 OK\r\ncontent-length: 4\r\n[^]*good$/);
    },
  );

  it("leave in the order of the requests, however late; too many are not read before", async () => {
    const held: Http1Response[] = [];
    await using door = await ourDoor((_, response) => void held.push(response));
    const socket = connect(door.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += String(chunk)));
    const count = 5_000;
    for (let i = 0; i < count; i++)
      socket.write(`GET /${i} HTTP/1.1\r\n${HOST}${"x: y\r\n".repeat(20)}\r\n`);
    let most = 0;
    for (let done = 0; done < count;) {
      await vi.waitFor(() => expect(held.length).toBeGreaterThan(0), PATIENT);
      most = Math.max(most, held.length);
      // The last is answered first.
      const now = held.splice(0).toReversed();
      done += now.length;
      for (const response of now) {
        send(response, { status: 200, headers: {}, body: response.req.url }, "whole");
      }
    }
    const last = `/${count - 1}`;
    await vi.waitFor(() => expect(text.endsWith(`\r\n\r\n${last}`)).toBe(true), PATIENT);
    socket.destroy();
    const bodies = [...text.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, url]) => url);
    expect(bodies).toEqual(Array.from({ length: count }, (_, i) => `/${i}`));
    // A read is 64 KiB at most.
    expect(most).toBeLessThan(256 + 65_536 / 140);
  });
});

const seen = async (pieces: readonly string[]) => {
  const requests: Http1Request[] = [];
  await using door = await ourDoor(
    (req, response) => {
      requests.push(req);
      req.read((whole) =>
        send(response, { status: 200, headers: {}, body: `${req.url}:${whole?.length}` }, "whole"),
      );
    },
    { ...OPTIONS, bodyBytesMax: 10 },
  );
  const text = await exchange(
    door.port,
    pieces.map((piece) => Buffer.from(piece)),
  );
  return { text, requests };
};

describe("requests over HTTP/1.1", () => {
  it.each([
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two hosts", `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
    ["bytes of TLS", "\u0016\u0003\u0001\u0002", 400],
    ["another expectation", `PUT / HTTP/1.1\r\n${HOST}expect: more\r\n\r\n`, 417],
    ["a head that is too long", `GET / HTTP/1.1\r\n${HOST}x: ${"y".repeat(65_536)}\r\n\r\n`, 431],
    ["a target that is too long", `GET /${"y".repeat(65_536)}`, 431],
    ["too many fields", `GET / HTTP/1.1\r\n${HOST}${"x:\r\n".repeat(1_001)}\r\n`, 431],
  ])("%s is refused, after those before it are answered", async (_name, spoilt, status) => {
    const { requests, text } = await seen([`GET /a HTTP/1.1\r\n${HOST}\r\n`, spoilt]);
    expect(requests).toHaveLength(1);
    const after = new RegExp(`\r\n\r\n/a:0HTTP/1.1 ${status} .*\r\nconnection: close\r\n\r\n$`);
    expect(text).toMatch(after);
  });

  it("CONNECT is hung up on", async () => {
    expect(await seen([`CONNECT a:80 HTTP/1.1\r\n${HOST}\r\n`])).toEqual({
      text: "",
      requests: [],
    });
  });

  it("who expects 100 Continue gets it, and then its answer", async () => {
    const head = `POST /b HTTP/1.1\r\n${HOST}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`;
    const { text } = await seen([head, "xy"]);
    expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n[^]*\/b:2$/);
  });

  it("a body over the bound is read and not kept, and the connection goes on", async () => {
    const long = `POST /long HTTP/1.1\r\n${HOST}content-length: 11\r\n\r\n${"x".repeat(11)}`;
    const { text } = await seen([`${long}GET /next HTTP/1.1\r\n${HOST}\r\n`]);
    expect(text).toMatch(/\/long:undefinedHTTP[^]*\/next:0$/);
  });

  it("a body's chunks may say so much beside it, and no more, however many they are", async () => {
    const head = `POST /c HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n`;
    const chunks = (count: number): string => `1;${"e".repeat(999)}\r\nx\r\n`.repeat(count);
    expect((await seen([`${head}${chunks(9)}0\r\n\r\n`])).text).toMatch(/\/c:9$/);
    expect((await seen([head, chunks(20)])).text).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each([
    ["HTTP/1.1", "", "keep-alive"],
    ["HTTP/1.1", "connection: foo, Close\r\n", "close"],
    ["HTTP/1.0", "", "close"],
    ["HTTP/1.0", "connection: keep-alive\r\n", "keep-alive"],
  ])("%s, told %j: the answer says %s, and it is so", async (version, told, says) => {
    const one = `GET /a ${version}\r\n${HOST}${told}\r\n`;
    const { requests, text } = await seen([one + one]);
    expect(text.match(/connection: (\S+)/)?.[1]).toBe(says);
    expect(requests).toHaveLength(says === "close" ? 1 : 2);
  });

  it("a connection that is idle after its answers is closed, one that never asked is not", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      await using door = await ourDoor((_, response) =>
        send(response, { status: 200, headers: {}, body: "x" }, "whole"),
      );
      const [asked, mute] = [connect(door.port, "127.0.0.1"), connect(door.port, "127.0.0.1")];
      let open = true;
      const closed = once(asked.resume(), "close").then(() => (open = false));
      await once(mute, "connect");
      asked.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
      await once(asked, "data");
      vi.advanceTimersByTime(75_000);
      await new Promise((resolve) => void setImmediate(resolve));
      expect(open).toBe(true);
      vi.advanceTimersByTime(10_000);
      await closed;
      expect(mute.destroyed).toBe(false);
      mute.destroy();
    } finally {
      vi.useRealTimers();
    }
  });
});
