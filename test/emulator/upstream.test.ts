import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import * as fc from "fast-check";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/index.ts";
import { requestHeaders, responseHeaders } from "../../src/emulator/upstream/headers.ts";
import { bed } from "./emulator-fixture.ts";

let server: Server;
let origin = "";
/** What the upstream does with the next call. */
let play: RequestListener = (_, response) => void response.end();
beforeAll(async () => {
  server = createServer((asked, response) => play(asked, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Says what it was asked. */
const mirror: RequestListener = (asked, response) => {
  void text(asked).then((body) => {
    const { method, rawHeaders, url } = asked;
    response.writeHead(203, ["X-Up", "one", "x-up", "two", "Connection", "x-hop", "x-hop", "gone"]);
    response.end(JSON.stringify({ method, url, rawHeaders, body }));
  });
};

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

const stock = (response: object, more: object = {}): object => ({
  latency: { kind: "constant", value: "0ms" },
  stubs: [{ response, ...more }],
});

describe("a stub with a proxy", () => {
  it("passes the call on as it is, and gives the answer as it comes", async () => {
    play = mirror;
    const proxy = { to: `${origin}/base/`, removePrefix: "/api", headers: { "x-add": "1" } };
    const response = { proxy: { ...proxy, removeHeaders: ["Cookie"] }, headers: { "x-own": "2" } };
    await using dependency = await bed(startEmulator, stock(response));
    const answer = await request(`${dependency.urlOf("control")}/api/a%20b?q=1&q=2`, {
      dispatcher: dependency.agent,
      method: "PUT",
      headers: ["X-Kind", "a", "x-kind", "b", "cookie", "a=b", "te", "trailers"],
      body: "hello",
    });
    const seen = (await answer.body.json()) as Seen;
    expect(seen).toMatchObject({ method: "PUT", url: "/base/a%20b?q=1&q=2", body: "hello" });
    const pairs = seen.rawHeaders.map((each, i) => (i % 2 === 0 ? each : `= ${each}`)).join(" ");
    expect(pairs).toContain("X-Kind = a x-kind = b x-add = 1");
    expect(pairs).toContain(`host = ${origin.slice("http://".length)}`);
    expect(pairs).not.toMatch(/cookie|trailers/i);
    expect(answer.statusCode).toBe(203);
    expect(answer.headers).toMatchObject({ "x-up": ["one", "two"], "x-own": "2" });
    expect(answer.headers).not.toHaveProperty("x-hop");
    const [call] = await dependency.calls();
    expect(call).toMatchObject({ status: 203, outcome: "ok", requestBytes: 5 });
    expect(call!.responseBytes).toBe(JSON.stringify(seen).length);
  });

  it("gives each piece when it comes, and hangs up on the upstream when the caller does", async () => {
    const hungUp = Promise.withResolvers<void>();
    play = (_, response) => {
      response.write("first");
      response.once("close", () => hungUp.resolve());
    };
    await using dependency = await bed(startEmulator, stock({ proxy: origin }));
    const caller = connect(Number(new URL(dependency.urlOf("control")).port), "127.0.0.1");
    caller.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let heard = "";
    for await (const piece of caller) {
      heard += String(piece);
      if (heard.includes("first")) break;
    }
    caller.destroy();
    await hungUp.promise;
    const [call] = await dependency.calls();
    expect(call).toMatchObject({ status: 0, outcome: "aborted" });
  });

  it("answers 502, with the reason, for an upstream that is not there, and breaks off where it does", async () => {
    await using dependency = await bed(startEmulator, {
      latency: { kind: "constant", value: "0ms" },
      stubs: [
        { request: { path: "/gone" }, response: { proxy: "http://127.0.0.1:1" } },
        { response: { proxy: origin } },
      ],
    });
    const { status, text: said } = await dependency.call("control", "/gone");
    expect({ status, said }).toEqual({
      status: 502,
      said: expect.stringMatching(/127\.0\.0\.1:1: connect ECONNREFUSED/) as string,
    });
    play = (_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("half", () => response.destroy());
    };
    await expect(dependency.call("control", "/half")).rejects.toThrow(/closed|terminated|aborted/);
    expect((await dependency.calls()).map(({ outcome, status: sent }) => [sent, outcome])).toEqual([
      [502, "error"],
      [200, "error"],
    ]);
  });

  it.each([
    ["Up \u00c4\u008a there", "Up \u00c4\u008a there"],
    ["a\tb", "a\tb"],
    ["", ""],
    ["\u00dcber", "Not Found"],
    ["a\0b", "Not Found"],
    ["a\u0001b", "Not Found"],
  ])("says the upstream's status text %j byte by byte, where it is UTF-8", async (told, said) => {
    const head = `HTTP/1.1 404 ${told}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
    play = ({ socket }) => void socket.end(head, "latin1");
    const paced = { transfer: { chunks: 1 } };
    for (const more of [{}, paced]) {
      await using dependency = await bed(startEmulator, stock({ proxy: origin }, more));
      const caller = connect(Number(new URL(dependency.urlOf("control")).port), "127.0.0.1");
      caller.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
      const heard = Buffer.concat(await caller.toArray()).toString("latin1");
      expect(heard.split("\r\n")[0]).toBe(`HTTP/1.1 404 ${said}`);
    }
  });

  it("asks where a template of the call says, with headers of it; nowhere, where that is no address", async () => {
    play = mirror;
    const proxy = {
      to: "{{parameters.up}}/of-{{request.headers.x-shop}}",
      removePrefix: "/api",
      headers: { "x-path": "{{request.path}}" },
    };
    const told = { proxy, template: true, headers: { "x-own": "{{request.method}}" } };
    const stubs = [
      { request: { path: "/nowhere" }, response: { proxy: "{{request.path}}", template: true } },
      { response: { ...told, parameters: { up: origin } } },
    ];
    const latency = { kind: "constant", value: "0ms" };
    await using dependency = await bed(startEmulator, { latency, stubs });
    const { dispatcher, url } = { dispatcher: dependency.agent, url: dependency.urlOf("control") };
    const answer = await request(`${url}/api/a%20b?q=1`, {
      dispatcher,
      headers: { "x-shop": "7" },
    });
    const seen = (await answer.body.json()) as Seen;
    expect(seen).toMatchObject({ method: "GET", url: "/of-7/a%20b?q=1" });
    expect(seen.rawHeaders.join(" ")).toContain("x-path /api/a b");
    expect(answer.headers).toMatchObject({ "x-up": ["one", "two"], "x-own": "GET" });
    const nowhere = await dependency.call("control", "/nowhere");
    expect(nowhere).toMatchObject({
      status: 502,
      text: expect.stringContaining("/nowhere") as string,
    });
  });

  it("is given at the dependency's pace, and broken as the model says", async () => {
    play = (_, response) => void response.end("0123456789");
    const paced = { transfer: { chunks: 2, chunkGap: "1ms" } };
    await using whole = await bed(startEmulator, stock({ proxy: origin }, paced));
    expect(await whole.call("control", "/")).toMatchObject({
      text: "0123456789",
      headers: { "content-length": "10" },
    });
    const cut = { fault: { kind: "truncated", share: 0.5 } };
    await using half = await bed(startEmulator, stock({ proxy: origin }, cut));
    await expect(half.call("control", "/")).rejects.toThrow(/closed|terminated|aborted/);
    const refused = { fault: { kind: "status", status: 503 } };
    await using none = await bed(startEmulator, stock({ proxy: "http://127.0.0.1:1" }, refused));
    expect((await none.call("control", "/")).status).toBe(503);
  });

  it("speaks HTTP/2 to callers", async () => {
    play = mirror;
    await using dependency = await bed(startEmulator, stock({ proxy: origin }));
    const session = connectHttp2(dependency.urlOf("control"));
    const stream = session.request({ ":path": "/two", ":method": "POST" });
    stream.end("body");
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(headers[":status"]).toBe(203);
    expect(JSON.parse(await text(stream))).toMatchObject({
      method: "POST",
      url: "/two",
      body: "body",
    });
    session.close();
  });
});

it("what is between two neighbours goes no further, and all else does, in order", () => {
  const hop = fc.constantFrom(
    "Connection",
    "keep-alive",
    "TE",
    "trailer",
    "Transfer-Encoding",
    "upgrade",
  );
  const name = fc.constantFrom("x-a", "X-B", "Set-Cookie", "accept");
  const field = fc.tuple(fc.oneof(name, hop), fc.constantFrom("1", "2", "3"));
  fc.assert(
    fc.property(fc.array(field), fc.subarray(["x-a", "x-b"]), (fields, named) => {
      const raw = [...fields.flat(), "Connection", named.join(", ")];
      const kept = fields.filter(
        ([each]) => /^(x-|set-cookie|accept)/i.test(each) && !named.includes(each.toLowerCase()),
      );
      expect(requestHeaders(raw, new Set(), {})).toEqual(kept.flat());
      const values = Map.groupBy(kept, ([each]) => each.toLowerCase());
      const given = Object.entries(responseHeaders(raw, {}));
      expect(given.map(([each, all]) => [each.toLowerCase(), all])).toEqual(
        [...values].map(([each, all]) => [each, all.map(([, value]) => value)]),
      );
    }),
  );
});
