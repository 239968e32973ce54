import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type MakeTransport,
  preparedRequest,
  TRANSPORT_LIMITS,
  type TransportLimits,
  undiciTransport,
  wireTransport,
} from "../../../src/replay/index.ts";
import { collectExchange, CollectingSink, exchangeOnce } from "../../../src/testing/index.ts";
import { findNginx, LARGE, type Nginx, REQUESTS_A_CONNECTION, startNginx, TEXT } from "./nginx.ts";

const file = findNginx();

it.skipIf(process.env["CI"] !== "true")("nginx is there, where all tests have to run", () => {
  expect(file).toBeDefined();
});

const WAYS: readonly (readonly [string, MakeTransport, "http" | "https" | "http2"])[] = [
  ["wire, HTTP/1.1", wireTransport, "http"],
  ["undici, HTTP/1.1", undiciTransport, "http"],
  ["undici, HTTP/1.1 over TLS", undiciTransport, "https"],
  ["undici, HTTP/2 over TLS", undiciTransport, "http2"],
];

describe.skipIf(file === undefined)("against a real nginx (skipped where there is none)", () => {
  let nginx: Nginx;
  beforeAll(async () => {
    nginx = await startNginx(file ?? "");
  });
  afterAll(async () => {
    await nginx[Symbol.asyncDispose]();
  });

  describe.each(WAYS)("%s", (_, make, spoken) => {
    const begin = (limits: Partial<TransportLimits> = {}) => {
      const target = nginx[spoken];
      const sink = new CollectingSink();
      const transport = make(target, { ...TRANSPORT_LIMITS, connectionsMax: 2, ...limits }, sink);
      const headers = ["host", new URL(target.origin).host];
      const request = (path: string, more: { method?: string; body?: Buffer; gzip?: true } = {}) =>
        preparedRequest({
          method: more.method ?? "GET",
          path,
          headers: more.gzip ? [...headers, "accept-encoding", "gzip"] : headers,
          body: more.body ?? null,
          route: 0,
        });
      return { transport, sink, request, [Symbol.asyncDispose]: () => transport.close() };
    };

    it("reads a file, a large one, what moved, what is missing, and heads", async () => {
      await using bed = begin();
      const cases = [
        ["GET", "/text.txt", 200, TEXT.length],
        ["GET", "/large.bin", 200, LARGE.length],
        ["HEAD", "/text.txt", 200, 0],
        ["HEAD", "/missing", 404, 0],
      ] as const;
      for (const [method, path, status, bytesIn] of cases) {
        const story = await exchangeOnce(bed, bed.request(path, { method }));
        expect(story).toMatchObject({ status, bytesIn, error: null });
      }
      for (const [path, status] of [
        ["/moved", 301],
        ["/missing", 404],
      ] as const) {
        const story = await exchangeOnce(bed, bed.request(path));
        expect(story).toMatchObject({ status, error: null });
        expect(story.bytesIn).toBeGreaterThan(0);
      }
    });

    it("leaves a compressed answer compressed", async () => {
      await using bed = begin();
      const wanting = collectExchange(bed, bed.request("/text.txt", { gzip: true }), {
        wantsContent: true,
      });
      const { bytesIn } = await wanting.ended;
      const body = wanting.exchange.responseBody ?? Buffer.alloc(0);
      expect(body).toHaveLength(bytesIn ?? -1);
      expect(gunzipSync(body).toString()).toBe(TEXT);
    });

    it("sends bodies: taken, refused, and above what nginx takes", async () => {
      await using bed = begin();
      const post = (path: string, size: number) =>
        exchangeOnce(bed, bed.request(path, { method: "POST", body: Buffer.alloc(size, "b") }));
      expect(await post("/post", 90_000)).toMatchObject({ status: 200, bytesIn: 5 });
      expect(await post("/text.txt", 10)).toMatchObject({ status: 405, error: null });
      expect(await post("/post", 500_000)).toMatchObject({ status: 413, error: null });
      expect(await post("/post", 1)).toMatchObject({ status: 200, bytesIn: 5 });
    });

    it("answers everything although nginx closes a connection after a few requests", async () => {
      await using bed = begin();
      const all = Array.from({ length: REQUESTS_A_CONNECTION * 10 }, () =>
        exchangeOnce(bed, bed.request("/text.txt")),
      );
      const stories = await Promise.all(all);
      expect(stories.filter(({ bytesIn }) => bytesIn !== TEXT.length)).toEqual([]);
    });

    it("answers one after another, too, over connections that nginx closes", async () => {
      await using bed = begin({ keepConnections: true });
      for (let i = 0; i < REQUESTS_A_CONNECTION * 3; i++) {
        const story = await exchangeOnce(bed, bed.request("/text.txt"), { session: "s" });
        expect(story).toMatchObject({ status: 200, bytesIn: TEXT.length });
      }
    });

    it("keeps to the limit of a body", async () => {
      await using bed = begin({ bodyBytesMax: LARGE.length - 1 });
      const story = await exchangeOnce(bed, bed.request("/large.bin"));
      expect(story.error).toBe("too-large");
      expect((await exchangeOnce(bed, bed.request("/text.txt"))).error).toBe(null);
    });
  });
});
