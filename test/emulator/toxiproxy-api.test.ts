import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startToxiproxyApi, TcpProxies, type ToxiproxyApi } from "../../src/emulator/tcp/index.ts";
import { type TcpBed, tcpBed } from "./tcp-fixture.ts";

let bed: TcpBed;
let proxies: TcpProxies;
let api: ToxiproxyApi;

beforeAll(async () => {
  bed = await tcpBed();
  proxies = new TcpProxies(bed.context);
  api = await startToxiproxyApi({ proxies });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await proxies[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
});

const ask = async (method: string, path: string, body?: unknown, agent = "test") => {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${api.address}${path}`, {
    method,
    headers: { "user-agent": agent },
    ...(body === undefined ? {} : { body: text }),
  });
  const answered = await response.text();
  expect(response.headers.get("x-toxiproxy-request-id")).toMatch(/^[0-9a-f]{20}$/);
  return { status: response.status, type: response.headers.get("content-type"), text: answered };
};

const redis = { name: "redis", listen: "127.0.0.1:0", upstream: "127.0.0.1:6379" };

describe("Toxiproxy's API", () => {
  it("says what is wrong in Toxiproxy's words, as JSON that is called plain text", async () => {
    const made = await ask("POST", "/proxies", redis);
    expect([made.status, made.type]).toEqual([201, "application/json"]);
    const toxics = "/proxies/redis/toxics";
    const wrong = [
      ["GET", "/proxies/none", undefined, 404, "proxy not found"],
      ["GET", `${toxics}/none`, undefined, 404, "toxic not found"],
      ["POST", "/proxies", redis, 409, "proxy already exists"],
      ["POST", "/proxies", {}, 400, "missing required field: name"],
      ["POST", "/proxies", { name: "x" }, 400, "missing required field: upstream"],
      ["POST", toxics, { type: "none" }, 400, "invalid toxic type"],
      [
        "POST",
        toxics,
        { type: "latency", stream: "sideways" },
        400,
        "stream was invalid, can be either upstream or downstream",
      ],
      ["POST", "/proxies", "", 400, "bad request body: EOF"],
      [
        "POST",
        toxics,
        { type: "latency", attributes: { latency: "1" } },
        400,
        /^bad request body: attributes.latency/,
      ],
      ["POST", "/proxies", "x".repeat(1_000_001), 413, "the body is over 1 MB"],
    ] as const;
    for (const [method, path, body, status, reason] of wrong) {
      const answer = await ask(method, path, body);
      expect([answer.status, answer.type]).toEqual([status, "text/plain; charset=utf-8"]);
      const error: unknown = JSON.parse(answer.text);
      expect(error).toEqual({
        error: expect.stringMatching(reason) as unknown,
        status,
      });
    }
    expect((await ask("DELETE", "/proxies/redis")).status).toBe(204);
  });

  it("takes keys in any case; browsers, unknown paths and methods are turned away", async () => {
    await ask("POST", "/proxies", redis);
    const body = { Type: "latency", Attributes: { Latency: 5 } };
    const answer = await ask("POST", "/proxies/redis/toxics", body);
    expect(JSON.parse(answer.text)).toMatchObject({ attributes: { latency: 5, jitter: 0 } });
    expect((await ask("GET", "/proxies", undefined, "Mozilla/5.0")).status).toBe(403);
    expect((await ask("GET", "/nowhere")).status).toBe(404);
    expect((await ask("PUT", "/proxies")).status).toBe(405);
    expect((await ask("POST", "/reset")).status).toBe(204);
    expect((await ask("GET", "/proxies/redis/toxics")).text).toBe("[]");
    expect((await ask("GET", "/metrics")).text).toContain(
      'toxiproxy_proxy_received_bytes_total{direction="upstream"',
    );
    await ask("DELETE", "/proxies/redis");
  });

  it("populate looks at all first, stops at the first that fails, and leaves the same alone", async () => {
    const nameless = await ask("POST", "/populate", [redis, { upstream: "127.0.0.1:1" }]);
    expect(JSON.parse(nameless.text)).toEqual({
      error: "missing required field: name at proxy 2",
      status: 400,
      proxies: null,
    });
    expect(proxies.list()).toHaveLength(0);
    await ask("POST", "/populate", [redis]);
    const { listen } = proxies.get("redis")!;
    const there = proxies.get("redis");
    const taken = { name: "other", listen, upstream: redis.upstream };
    const half = await ask("POST", "/populate", [{ ...redis, listen }, taken]);
    expect([half.status, half.type]).toEqual([500, "application/json"]);
    expect(proxies.list()).toEqual([there]);
  });
});
