import { once } from "node:events";
import { type Agent, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer as createPort } from "node:net";
import { expect } from "vitest";
import type { ProfileRecord } from "../../../src/profile/index.ts";

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createPort().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}

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

export interface Sent {
  readonly path: string;
  readonly startMs: number;
  readonly tookMs: number;
}

const nowMs = (): number => performance.timeOrigin + performance.now();

export async function send(agent: Agent, port: number, path: string): Promise<Sent> {
  const headers = { "user-agent": `probe "\\\u00fc` };
  const startMs = nowMs();
  const outgoing = request({ agent, host: "127.0.0.1", port, path, headers }).end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  incoming.resume();
  await once(incoming, "end");
  return { path, startMs, tookMs: nowMs() - startMs };
}

/** What a server's log may be off by: its clock is one of milliseconds. */
const TOLERANCE_MS = 2;

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Expects of a log's records, one for each request, the arrivals and durations that its client saw. */
export function expectTimesOf(
  sent: readonly Sent[],
  records: readonly ProfileRecord[],
  startedMs: number,
): void {
  const late = records.map(
    ({ offsetNs }, index) => startedMs + offsetNs / 1e6 - sent[index]!.startMs,
  );
  const longer = records.map(
    ({ serviceTimeUs }, index) => serviceTimeUs! / 1_000 - sent[index]!.tookMs,
  );
  // The server begins after its client, and is done before it, on a busy machine too.
  expect(Math.min(...late)).toBeGreaterThanOrEqual(-TOLERANCE_MS);
  expect(Math.max(...longer)).toBeLessThanOrEqual(TOLERANCE_MS);
  expect(medianOf(late)).toBeLessThanOrEqual(TOLERANCE_MS);
  expect(medianOf(longer)).toBeGreaterThanOrEqual(-TOLERANCE_MS);
}
