import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { assert, asyncProperty, constantFrom, uint8Array } from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { traceparentOf } from "../../src/core/index.ts";
import {
  INTAKE_LIMITS,
  InsideSignals,
  insidePool,
  type Receivers,
  readTelemetry,
  startReceivers,
  startReceiversThread,
  telemetryEnv,
} from "../../src/telemetry/index.ts";

const runId = "0123456789abcdef";
const arms = ["control", "variant"];
const ports = [4_241, 4_242];
const ALL = { fromNs: -Infinity, toNs: Infinity };
const folder = mkdtempSync(join(tmpdir(), "shakedown-telemetry-"));
let stop: (() => Promise<unknown>) | undefined;

afterEach(async () => {
  await stop?.();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

async function receiving(start: typeof startReceivers = startReceivers) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "telemetry.ndjson");
  const dependencies = ports.map((port, arm) => ({ arm, name: "payments", port }));
  const originNs = process.hrtime.bigint();
  const receivers = await start({ arms, ports: {}, runId, dependencies, originNs, path });
  let stopped: Promise<unknown> | undefined;
  stop = () => (stopped ??= receivers.stop());
  const signals = async (): Promise<InsideSignals> => {
    await stop?.();
    return new InsideSignals(readTelemetry(path), 0);
  };
  return { receivers, signals };
}

/** Posts bytes as they are. */
function post(
  receivers: Receivers,
  given: {
    readonly path?: string;
    readonly body?: Uint8Array | string;
    readonly headers?: Record<string, string>;
    readonly method?: string;
  },
): Promise<{ readonly status: number; readonly retryAfter: unknown; readonly body: string }> {
  const { body = "", headers = {}, method = "POST", path = "/v1/metrics" } = given;
  return new Promise((resolve, reject) => {
    const asking = request(
      `${receivers.endpoints["variant"]}${path}`,
      { method, headers: { "content-type": "application/json", ...headers } },
      (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
        answer.on("end", () => {
          const { "retry-after": retryAfter } = answer.headers;
          resolve({ status: answer.statusCode ?? 0, retryAfter, body: text });
        });
      },
    );
    asking.on("error", reject);
    asking.end(body);
  });
}

const gauge = (points: number, name = "load"): string => {
  const dataPoints = Array.from({ length: points }, (_, index) => ({
    asDouble: 1,
    attributes: [{ key: "n", value: { stringValue: `${index}` } }],
  }));
  const metrics = [{ name, gauge: { dataPoints } }];
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
};

describe("an instrumented process", () => {
  it("tells of its pool and its calls, found by the environment alone, in either encoding", async () => {
    const { receivers, signals } = await receiving(startReceiversThread);
    const seq = 77;
    const peer = join(import.meta.dirname, "peer.ts");
    const tellFrom = (armIndex: number, protocol: string): Promise<unknown> => {
      const arm = arms[armIndex]!;
      const endpoint = receivers.endpoints[arm]!;
      const env = {
        ...process.env,
        ...telemetryEnv({ endpoint, runId, arm }),
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        PAYMENTS_PORT: `${ports[armIndex]}`,
      };
      const args = [peer, traceparentOf({ runId, seq, armIndex })];
      return promisify(execFile)(process.execPath, args, { env });
    };
    await Promise.all([tellFrom(0, "http/json"), tellFrom(1, "http/protobuf")]);
    const found = await signals();
    for (const arm of [0, 1]) {
      expect(insidePool(found, { arm, dependency: "payments" }, ALL)).toEqual({
        size: 4,
        usedMax: 4,
        pendingMax: 9,
        timeouts: expect.closeTo(3),
        waitMs: expect.closeTo(180),
      });
      expect(found.callsTo(arm, "payments")).toMatchObject([
        { seq, side: "CLIENT", resends: 2, status: 503 },
      ]);
      // Spans of other kinds are not kept.
      expect(found.spans(arm)).toHaveLength(2);
      expect(found.accounts![arm]!.refused).toEqual({});
    }
  });
});

describe("what is sent", () => {
  it("is taken packed or not, and logs are taken and dropped", async () => {
    const { receivers, signals } = await receiving();
    expect(await post(receivers, { body: gauge(3) })).toMatchObject({ status: 200, body: "{}" });
    const packed = { body: gzipSync(gauge(4, "packed")), headers: { "content-encoding": "gzip" } };
    expect((await post(receivers, packed)).status).toBe(200);
    expect((await post(receivers, { path: "/v1/logs", body: "{}" })).status).toBe(200);
    const found = await signals();
    expect(found.series(1, "load")).toHaveLength(3);
    expect(found.series(1, "packed", { n: "2" })).toHaveLength(1);
  });

  it("is refused as the specification says", async () => {
    const { receivers, signals } = await receiving();
    const bomb = gzipSync(Buffer.alloc(INTAKE_LIMITS.inflatedBytes + 1));
    const statuses: [number, Parameters<typeof post>[1]][] = [
      [400, { body: "{" }],
      [400, { body: "{}{}", headers: { "content-encoding": "gzip" } }],
      [404, { path: "/v1/profiles" }],
      [405, { method: "PUT" }],
      [413, { body: bomb, headers: { "content-encoding": "gzip" } }],
      [415, { headers: { "content-type": "text/plain" } }],
      [415, { headers: { "content-encoding": "br" } }],
    ];
    for (const [status, given] of statuses) {
      // oxlint-disable-next-line no-await-in-loop -- each by itself
      expect((await post(receivers, given)).status).toBe(status);
    }
    expect((await signals()).accounts![1]!.refused).toEqual({ "not OTLP": 6, "body too large": 1 });
  });

  it("a body without end is cut off", async () => {
    const { receivers } = await receiving();
    const endless = post(receivers, { body: Buffer.alloc(INTAKE_LIMITS.bodyBytes * 8) });
    // The answer comes, or the connection goes: the body is not read on either way.
    const outcome = await endless.then(
      ({ status }) => status,
      () => 413,
    );
    expect(outcome).toBe(413);
  });

  it("of series without end as many are kept as allowed, and the sender is told", async () => {
    const { receivers, signals } = await receiving();
    const body = gauge(INTAKE_LIMITS.series + 5);
    const answer = await post(receivers, { body });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({
      partialSuccess: { rejectedDataPoints: "5", errorMessage: "too many series" },
    });
    const found = await signals();
    expect(found.series(1)).toHaveLength(INTAKE_LIMITS.series);
    expect(found.accounts![1]!.refused).toEqual({ "too many series": 5 });
  });

  it("a flood is answered 429, and what it brought is counted", async () => {
    const { receivers, signals } = await receiving();
    const answers: Awaited<ReturnType<typeof post>>[] = [];
    const refusedOf = () => answers.filter(({ status }) => status === 429);
    // Of a machine that is slow it takes more, until they come faster than they may.
    for (let at = 0; at < 400 && refusedOf().length === 0; at++) {
      const some = Array.from({ length: 50 }, () => post(receivers, { body: gauge(1) }));
      // oxlint-disable-next-line no-await-in-loop -- fifty at a time
      answers.push(...(await Promise.all(some)));
    }
    const many = answers.length;
    const refused = refusedOf();
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ retryAfter }) => retryAfter === "1")).toBe(true);
    const account = (await signals()).accounts![1]!;
    expect(account.requests).toBe(many);
    expect(account.refused).toEqual({ "too many requests": refused.length });
    expect(account.points).toBe(many - refused.length);
  });

  it("garbage of any kind never ends it", async () => {
    const { receivers, signals } = await receiving();
    const types = constantFrom("application/json", "application/x-protobuf");
    const paths = constantFrom("/v1/metrics", "/v1/traces");
    await assert(
      asyncProperty(uint8Array({ maxLength: 200 }), types, paths, async (body, type, path) => {
        const { status } = await post(receivers, { body, path, headers: { "content-type": type } });
        expect([200, 400, 429]).toContain(status);
      }),
      { numRuns: 60 },
    );
    expect((await signals()).accounts![1]!.requests).toBeGreaterThanOrEqual(60);
  });
});
