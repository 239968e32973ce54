import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { MonotonicClock } from "../../src/core/index.ts";
import { AuditLog, readAuditFile } from "../../src/experiment/index.ts";
import { type ArmFlush, CacheFlushes } from "../../src/run/flush-caches.ts";
import type { RunEvent } from "../../src/run/live.ts";
import { flushCachesSchema } from "../../src/run/scenario/flush.ts";
import type { Target } from "../../src/run/target.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "shakedown-flush-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Seen {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An arm that answers with this status; null: never. */
async function armWith(arm: string, status: number | null) {
  const got: Seen[] = [];
  const heard = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      got.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      heard.resolve();
      if (status !== null) response.writeHead(status).end("done");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const target = targetAt(arm, port);
  const close = (): void => server.close().closeAllConnections();
  return { got, heard: heard.promise, target, [Symbol.dispose]: close };
}

function targetAt(arm: string, port: number): Target {
  const origin = `http://127.0.0.1:${port}`;
  const stop = (): Promise<void> => Promise.resolve();
  return {
    arm,
    origin,
    address: { origin, address: "127.0.0.1", tls: null, http2: false },
    headers: { authorization: `for ${arm}` },
    pid: null,
    died: new Promise(() => {}),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Every stage begins at once. */
const clock: MonotonicClock = {
  originNs: 0n,
  nowNs: () => 5e9,
  sleepUntilNs: async (_, signal) => signal?.throwIfAborted(),
};
const [first, ...others] = PLAN.stages;
const plan = {
  ...PLAN,
  stages: [first!, { ...others.at(-1)!, name: "cold", probe: { cold: true as const } }],
};

let audits = 0;
/** What comes of it; `when`: until when it may go on, to its own end unless given. */
async function flushed(action: object, targets: readonly Target[], when?: Promise<void>) {
  const path = join(dir, `audit-${++audits}.ndjson`);
  const audit = new AuditLog(path, () => "2026-01-01T00:00:00.000Z");
  const told: string[] = [];
  const outcome = Promise.withResolvers<void>();
  const recorded: AuditLog["append"] = (event, detail) => {
    const entry = audit.append(event, detail);
    if (readAuditFile(path).entries.length === targets.length) outcome.resolve();
    return entry;
  };
  const flushes = new CacheFlushes({
    action: flushCachesSchema.parse(action),
    plan,
    runId: "aa",
    dir,
    audit: { append: recorded } as AuditLog,
    onEvent: (event: RunEvent) => void (event.kind === "warning" && told.push(event.message)),
  });
  flushes.begin(targets, clock);
  await (when ?? outcome.promise);
  const done = await flushes.end();
  const trail = readAuditFile(path).entries.map(({ detail, event }) => ({ event, detail }));
  return { done, told, trail };
}

const outcomes = (done: readonly ArmFlush[]) =>
  done.map(({ arm, ok, outcome }) => ({ arm, ok, outcome }));

describe("caches that are emptied by a request", () => {
  it("are those of every arm, with its own headers, and it is on record", async () => {
    using control = await armWith("control", 204);
    using variant = await armWith("variant", 302);
    const request = { path: "/caches/flush?all", headers: { "x-why": "cold" }, body: "{}" };
    const { done, told, trail } = await flushed({ request }, [control.target, variant.target]);
    expect(outcomes(done).toSorted((a, b) => a.arm.localeCompare(b.arm))).toEqual([
      { arm: "control", ok: true, outcome: "answered 204" },
      { arm: "variant", ok: true, outcome: "answered 302" },
    ]);
    expect(control.got).toMatchObject([
      {
        line: "POST /caches/flush?all",
        headers: { authorization: "for control", "x-why": "cold" },
        body: "{}",
      },
    ]);
    expect(variant.got[0]?.headers).toMatchObject({ authorization: "for variant" });
    expect(variant.got[0]?.headers).not.toHaveProperty("traceparent");
    expect(trail).toEqual(done.map((detail) => ({ event: "caches flushed", detail })));
    expect(done.map(({ stage }) => stage)).toEqual(["cold", "cold"]);
    expect(told).toEqual([]);
  });

  it("are not where an arm refuses, or nobody listens, which is told", async () => {
    using refusing = await armWith("control", 404);
    using gone = await armWith("variant", 200);
    gone[Symbol.dispose]();
    const request = { path: "/flush", method: "DELETE" };
    const { done, told } = await flushed({ request }, [refusing.target, gone.target]);
    const words = outcomes(done);
    expect(words).toContainEqual({ arm: "control", ok: false, outcome: "answered 404" });
    expect(words.find(({ arm }) => arm === "variant")?.outcome).toContain("ECONNREFUSED");
    expect(told).toContain(
      "the caches of control were not flushed as stage cold began (answered 404): it counts as not probed",
    );
    expect(told).toHaveLength(2);
  });

  it("are not where no answer comes in time, or before traffic ends", async () => {
    using silent = await armWith("control", null);
    const request = { path: "/flush" };
    const late = await flushed({ request, timeout: "20ms" }, [silent.target]);
    expect(outcomes(late.done)).toEqual([
      { arm: "control", ok: false, outcome: "not done within 20 ms" },
    ]);
    using again = await armWith("control", null);
    const ended = await flushed({ request, timeout: "10m" }, [again.target], again.heard);
    expect(outcomes(ended.done)).toMatchObject([{ outcome: "traffic ended before it was done" }]);
  });
});

describe("caches that are emptied by a command", () => {
  it("are those of the arm that it is told of", async () => {
    const code =
      "const { SHAKEDOWN_ARM: arm, SHAKEDOWN_ARM_URL: url, SHAKEDOWN_STAGE: stage } = process.env;" +
      "require('node:fs').writeFileSync(arm, [url, stage, process.env.SHAKEDOWN_RUN].join(' '));" +
      "process.exit(arm === 'variant' ? 3 : 0)";
    writeFileSync(join(dir, "flush.cjs"), code);
    const targets = [targetAt("control", 1), targetAt("variant", 2)];
    const { done } = await flushed({ command: ["node", "flush.cjs"] }, targets);
    expect(outcomes(done)).toContainEqual({ arm: "control", ok: true, outcome: "exit code 0" });
    expect(outcomes(done)).toContainEqual({ arm: "variant", ok: false, outcome: "exit code 3" });
    expect(readFileSync(join(dir, "control"), "utf8")).toBe("http://127.0.0.1:1 cold aa");
    expect(readFileSync(join(dir, "variant"), "utf8")).toBe("http://127.0.0.1:2 cold aa");
  });

  it("end when they take too long, with what they started", async () => {
    const command = ["sh", "-c", "sleep 600 & sleep 600"];
    const { done } = await flushed({ command, timeout: "50ms" }, [targetAt("control", 1)]);
    expect(outcomes(done)).toEqual([
      { arm: "control", ok: false, outcome: "not done within 50 ms" },
    ]);
  });

  it("have failed where there is no such program", async () => {
    const { done } = await flushed({ command: ["/nowhere/at/all"] }, [targetAt("control", 1)]);
    expect(done[0]).toMatchObject({
      ok: false,
      outcome: expect.stringContaining("ENOENT") as string,
    });
  });
});
