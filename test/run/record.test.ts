import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { request } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { readProfile } from "../../src/profile/index.ts";
import { finishRecording, parseUpstream, record } from "../../src/run/record/index.ts";
import { Recording, recordingPath } from "../../src/run/record/recording.ts";
import { scratch } from "./run-fixture.ts";

const folder = scratch();
const KEY = Buffer.alloc(32, 7);
const servers: Server[] = [];
let count = 0;
const newOut = (): string => join(folder.path, `recorded-${count++}.ndjson.gz`);

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const place = (name: string, upstream: string) => ({
  name,
  host: "127.0.0.1",
  port: 0,
  upstream: parseUpstream(upstream),
});
const traceparent = (trace: number): string =>
  `00-${String(trace).padStart(32, "4bf92f3577b34da6a3ce929d0e0e4736")}-00f067aa0ba902b7-01`;

interface Sent {
  readonly path: string;
  readonly trace?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A service that calls payments for each request of `/buy…`, recorded while these are sent. */
async function recordedWhile(sent: readonly Sent[], options: { redact?: boolean } = {}) {
  const out = newOut();
  let paymentsUrl = "";
  const payments = await serve((_req, res) => res.writeHead(503).end("no"));
  const service = await serve((req, res) => {
    void (async () => {
      req.resume();
      if (req.url?.startsWith("/buy") === true) {
        const identity = req.headers["traceparent"];
        const headers = identity === undefined ? {} : { traceparent: String(identity) };
        const charge = { method: "POST" as const, body: "{}", headers };
        const answer = await request(`${paymentsUrl}/charges/17?card=4111111111111111`, charge);
        await answer.body.dump();
      }
      res.end("fine");
    })();
  });
  const over = new AbortController();
  const listening = Promise.withResolvers<string>();
  const recording = record({
    out,
    name: "test",
    service: place("service", service),
    dependencies: [place("payments", payments)],
    bodyBytesMax: 1_000,
    key: KEY,
    redact: options.redact ?? true,
    forNs: Number.POSITIVE_INFINITY,
    requestsMax: sent.length,
    signal: over.signal,
    onListening: (addresses) => {
      paymentsUrl = `http://${addresses["payments"]}`;
      listening.resolve(`http://${addresses["service"]}`);
    },
  });
  const url = await Promise.race([listening.promise, recording.then(() => "")]);
  for (const { body, headers, path, trace } of sent) {
    const answer = await request(url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...headers, ...(trace === undefined ? {} : { traceparent: traceparent(trace) }) },
      ...(body === undefined ? {} : { body }),
    });
    expect(await answer.body.text()).toBe("fine");
  }
  return { out, outcome: await recording };
}

describe("recording", () => {
  it("writes what was asked, in time order, with the calls that each request made", async () => {
    const { out, outcome } = await recordedWhile([
      { path: "/buy/1", trace: 1, body: '{"what":"tea"}' },
      { path: "/look", trace: 2 },
      { path: "/buy/2", trace: 3, body: "x".repeat(1_001) },
    ]);
    const { manifest, records } = await readProfile(out);
    expect(records).toMatchObject([
      {
        method: "POST",
        path: "/buy/1",
        status: 200,
        body: { data: '{"what":"tea"}' },
        dependencyCalls: [{ dependency: "payments", route: "POST /charges/{id}", status: 503 }],
      },
      { method: "GET", path: "/look", status: 200 },
      { path: "/buy/2", dependencyCalls: [{ dependency: "payments" }] },
    ]);
    expect(records[1]).not.toHaveProperty("dependencyCalls");
    expect(records[2]).not.toHaveProperty("body");
    for (const { dependencyCalls = [], serviceTimeUs = 0 } of records) {
      for (const { offsetUs, latencyUs } of dependencyCalls) {
        expect(offsetUs + latencyUs).toBeLessThanOrEqual(serviceTimeUs);
      }
    }
    expect(manifest.dependencies?.["payments"]).toMatchObject({ calls: 2, errorRatio: 1 });
    expect(manifest.warnings.join()).toMatch(/1 request bodies were too long/);
    expect(outcome).toMatchObject({ recorded: 3, calls: 2, joinedCalls: 2, bodiesNotKept: 1 });
    expect(existsSync(recordingPath(out))).toBe(false);
  });

  it("a call without a traceparent is told as unjoined", async () => {
    const { outcome } = await recordedWhile([{ path: "/buy/1" }, { path: "/look", trace: 1 }]);
    expect(outcome).toMatchObject({ calls: 1, joinedCalls: 0, untraced: 1 });
    expect(outcome.profile.manifest.warnings.join()).toMatch(/1 dependency calls belong to no/);
  });

  const SECRET: Sent = {
    path: "/look?token=hush-hush",
    trace: 9,
    body: '{"password":"hush-hush"}',
    headers: {
      authorization: "Bearer hush-hush",
      cookie: "sid=hush-hush",
      "content-type": "application/json",
    },
  };

  it("secrets are replaced each time that they come; the traceparent stays", async () => {
    const { out } = await recordedWhile([SECRET, SECRET]);
    const { manifest, records } = await readProfile(out);
    expect(JSON.stringify(records)).not.toContain("hush-hush");
    expect(records[1]!.headers).toEqual(records[0]!.headers);
    expect(records[0]!.headers).toContainEqual(["traceparent", traceparent(9)]);
    expect(manifest.redaction.values).toEqual([
      { rule: "authorization", count: 2 },
      { rule: "cookie", count: 2 },
      { rule: "json", count: 2 },
      { rule: "query", count: 2 },
    ]);
    expect(manifest.warnings.join()).not.toMatch(/redaction was off/);
  });

  it("without redaction all stays, and the profile says so", async () => {
    const { out } = await recordedWhile([SECRET], { redact: false });
    const { manifest, records } = await readProfile(out);
    expect(JSON.stringify(records).split("hush-hush")).toHaveLength(5);
    expect(manifest.redaction.enabled).toBe(false);
    expect(manifest.warnings.join()).toMatch(/redaction was off/);
  });

  it("has what came before it said that it listens", async () => {
    const upstream = await serve((_, response) => response.end("fine"));
    const { port } = new URL(await serve(() => {}));
    const server = servers.pop()!;
    server.close();
    await once(server, "close");
    const over = new AbortController();
    let listens = false;
    const recording = record({
      out: newOut(),
      name: "test",
      service: { ...place("service", upstream), port: Number(port) },
      dependencies: [],
      bodyBytesMax: 1_000,
      key: KEY,
      redact: true,
      forNs: Number.POSITIVE_INFINITY,
      requestsMax: Number.POSITIVE_INFINITY,
      signal: over.signal,
      onListening: () => (listens = true),
    });
    let answered = 0;
    while (!listens) {
      const asked = fetch(`http://127.0.0.1:${port}/early`).then((answer) => answer.text());
      const text = await asked.catch(() => "not there yet");
      if (text === "fine") answered++;
    }
    over.abort();
    expect(answered).toBeGreaterThan(0);
    expect(await recording).toMatchObject({ recorded: answered });
  });

  it("nothing recorded is said, and leaves nothing", async () => {
    const out = newOut();
    Recording.create(out).close();
    const finishing = finishRecording({ out, key: KEY, replaced: null });
    await expect(finishing).rejects.toMatchObject({ code: "CAPTURE_EMPTY" });
    expect(existsSync(recordingPath(out))).toBe(false);
  });

  it("a recording that was not finished is not written over", async () => {
    const out = newOut();
    Recording.create(out).close();
    const again = (): unknown => Recording.create(out);
    expect(again).toThrow(expect.objectContaining({ code: "OUTPUT_UNWRITABLE" }));
  });

  it("an upstream is an origin", () => {
    expect(parseUpstream("https://shop.example")).toEqual({
      host: "shop.example",
      port: 443,
      tls: true,
    });
    for (const text of ["shop:80", "http://shop/api", "ftp://shop", "http://me@shop"]) {
      expect(() => parseUpstream(text), text).toThrow(/upstream/);
    }
  });

  it("the recording is for its owner alone", async () => {
    const out = newOut();
    Recording.create(out).close();
    const { statSync } = await import("node:fs");
    expect(statSync(recordingPath(out)).mode & 0o077).toBe(0);
    expect(readFileSync(join(recordingPath(out), "requests.gor"), "utf8")).toBe("");
  });
});
