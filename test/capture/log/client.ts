import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { ProfileRecord } from "../../../src/profile/index.ts";
import { freePort } from "../../../src/run/free-port.ts";

/** Resolves when the port takes connections. */
export async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, "127.0.0.1");
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on ${port}`);
}

/** A server that answers after the milliseconds that a request asks for, on a port of 127.0.0.1. */
export async function slowUpstream(): Promise<{ server: Server; port: number }> {
  const server = createServer((incoming, answer) => {
    setTimeout(() => answer.end("x"), Number(incoming.url?.split("=")[1]));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

export interface Sent {
  readonly path: string;
  /** What the upstream waited. */
  readonly delayMs: number;
  /** The client's instants, by the wall's clock, in whole milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

export const USER_AGENT = `probe "\\\u00fc`;
const DELAYS_MS = [40, 0];

async function send(agent: Agent, port: number, index: number): Promise<Sent> {
  const delayMs = DELAYS_MS[index % DELAYS_MS.length]!;
  const path = `/item/${index}?ms=${delayMs}`;
  const headers = { "user-agent": USER_AGENT };
  const startMs = Date.now();
  const outgoing = request({ agent, host: "127.0.0.1", port, path, headers }).end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  incoming.resume();
  await once(incoming, "end");
  return { path, delayMs, startMs, endMs: Date.now() };
}

/** Requests one after the other, on one connection. */
export async function sendAll(port: number, count: number): Promise<Sent[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const sent: Sent[] = [];
    for (let index = 0; index < count; index++) sent.push(await send(agent, port, index));
    return sent;
  } finally {
    agent.destroy();
  }
}

/**
 * What instants and durations may be off by on any machine: the log's are of whole milliseconds,
 * both of them, the client's are, the profile's beginning is, and a timer may be early by one.
 */
const ROUNDING_MS = 5;

/**
 * Expects that a log's records, one for each request, can be what their client saw. All claims are
 * of what comes before what, so they hold however busy the machine is: a server cannot have begun
 * before the request before this one was sent (it may look at the clock once for a turn of its
 * loop, and read a request later in that turn), nor later than the upstream's delay before the
 * answer's end; it cannot have taken less than that delay; and it has logged a request before it
 * answers the next on the same connection.
 */
export function expectTimesOf(
  sent: readonly Sent[],
  records: readonly ProfileRecord[],
  startedMs: number,
): void {
  expect(records).toHaveLength(sent.length);
  for (const [index, { delayMs, endMs, startMs }] of sent.entries()) {
    const { offsetNs, serviceTimeUs } = records[index]!;
    const arrivalMs = startedMs + offsetNs / 1e6;
    const tookMs = serviceTimeUs! / 1_000;
    const earliestMs = sent[index - 1]?.startMs ?? startMs;
    const latestEndMs = sent[index + 1]?.endMs ?? Infinity;
    expect(arrivalMs).toBeGreaterThanOrEqual(earliestMs - ROUNDING_MS);
    expect(arrivalMs).toBeLessThanOrEqual(endMs - delayMs + ROUNDING_MS);
    expect(tookMs).toBeGreaterThanOrEqual(delayMs - ROUNDING_MS);
    expect(arrivalMs + tookMs).toBeLessThanOrEqual(latestEndMs + ROUNDING_MS);
  }
}

/** A real server before an upstream, which logs to `access.log` in its folder, or to its output. */
export interface LoggingServer {
  readonly program: string;
  readonly configOf: (folder: string, port: number, upstream: number) => string;
  readonly argumentsFor: (folder: string, config: string) => readonly string[];
  /** Ends it once it has written what it logged. */
  readonly endBy: NodeJS.Signals;
}

/** Requests through a real server, and the log that it wrote of them. */
export async function servedBy(
  server: LoggingServer,
  count: number,
): Promise<{ sent: Sent[]; log: Buffer }> {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-access-log-"));
  const upstream = await slowUpstream();
  const port = await freePort();
  const config = join(folder, "server.conf");
  writeFileSync(config, server.configOf(folder, port, upstream.port));
  const output = openSync(join(folder, "access.log"), "a");
  const child = spawn(server.program, server.argumentsFor(folder, config), {
    // A log may have the server's own time without its zone.
    env: { ...process.env, TZ: "UTC" },
    stdio: ["ignore", output, "ignore"],
  });
  closeSync(output);
  const exited = once(child, "exit");
  try {
    await Promise.race([answering(port), exited]);
    const sent = await sendAll(port, count);
    // To end softly: a server may answer before it has written its line.
    child.kill(server.endBy);
    await exited;
    return { sent, log: readFileSync(join(folder, "access.log")) };
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    upstream.server.close();
    upstream.server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}
