import { connect } from "node:net";
import { type Clock, type Deadlines, traceparentOf } from "../core/index.ts";
import { Conduct } from "./conduct.ts";
import { type DependencySpec, dependencySchema } from "./dependency.ts";
import { Listener } from "./listener.ts";
import { OpenFiles } from "./open-files.ts";
import { createWorlds } from "./world.ts";

const CALLS = 1_500;
const CONNECTIONS = 16;
const ROUNDS = 2;
const RUN_ID = "0123456789abcdef";
const NO_COUNTERS = { get: () => 0, add() {}, set() {} };

/**
 * Answers some thousand calls of its own, in a second or two: code that has not run yet is slow, and
 * without this the first calls of a run would be milliseconds late. Two listeners at a time: what
 * the engine has made fast for one alone it would make anew for the next. Aborting the signal ends it,
 * and it resolves.
 */
export async function rehearse(
  clock: Clock,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<void> {
  const listener = (): Promise<void> => rehearseListener(clock, deadlines, signal);
  for (let round = 0; round < ROUNDS && !signal.aborted; round++) {
    await Promise.all([listener(), listener()]);
  }
}

function rehearsalListener(clock: Clock, deadlines: Deadlines): Listener {
  const spec: DependencySpec = dependencySchema.parse({
    latency: { kind: "lognormal", median: "2ms", p99: "8ms" },
    errors: { ratio: 0.05 },
    limit: { kind: "token-bucket", rate: "100000/s", burst: 1_000 },
    cacheTtl: "1s",
  });
  if (spec.protocol !== "http") throw new Error("a rehearsal speaks HTTP");
  const world = createWorlds("0", {})("rehearsal");
  const own = { dependency: "rehearsal", spec, seed: "0", runId: RUN_ID, world };
  return new Listener({
    arm: 0,
    dependency: 0,
    spec,
    tls: null,
    world,
    conduct: new Conduct({ ...own, wallMsAt: (nowNs) => nowNs / 1e6, onEvict() {} }),
    counters: NO_COUNTERS,
    clock,
    deadlines,
    record() {},
    openFiles: new OpenFiles(() => {}),
    onFailure() {},
  });
}

/**
 * Makes one call after another over a connection of its own, until there are no more. No library of
 * HTTP: it would take longer than the answering that is rehearsed.
 */
async function callInTurn(
  port: number,
  nextCall: () => string | null,
  signal: AbortSignal,
): Promise<void> {
  const { promise: over, reject, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  let answer = "";
  const goOn = (): void => {
    const call = nextCall();
    if (call === null) resolve();
    else socket.write(call, "latin1");
  };
  socket.on("connect", goOn);
  socket.on("data", (bytes: Buffer) => {
    answer += bytes.toString("latin1");
    if (answer.length < lengthOf(answer)) return;
    answer = "";
    goOn();
  });
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("a rehearsal's connection was closed")));
  const leave = (): void => resolve();
  signal.addEventListener("abort", leave);
  try {
    await over;
  } finally {
    signal.removeEventListener("abort", leave);
    socket.destroy();
  }
}

/** How long an answer is that has begun so: our own always say. */
function lengthOf(answer: string): number {
  const headEnd = answer.indexOf("\r\n\r\n");
  const told = /content-length: (\d+)/.exec(answer);
  return headEnd < 0 || told === null ? Number.POSITIVE_INFINITY : headEnd + 4 + Number(told[1]);
}

async function rehearseListener(
  clock: Clock,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<void> {
  const listener = rehearsalListener(clock, deadlines);
  const port = await listener.listen({ host: "127.0.0.1", port: 0 });
  let next = 0;
  const nextCall = (): string | null => {
    if (next === CALLS || signal.aborted) return null;
    const seq = next++;
    const traceparent = traceparentOf({ runId: RUN_ID, seq, armIndex: 0 });
    const body = seq % 4 === 0 ? `{"n":${seq}}` : null;
    return (
      `${body === null ? "GET" : "POST"} /rehearsal/${seq % 50} HTTP/1.1\r\n` +
      `host: 127.0.0.1:${port}\r\nconnection: keep-alive\r\naccept: */*\r\n` +
      `traceparent: ${traceparent}\r\n` +
      (body === null ? "\r\n" : `content-length: ${body.length}\r\n\r\n${body}`)
    );
  };
  try {
    const callers = Array.from({ length: CONNECTIONS }, () => callInTurn(port, nextCall, signal));
    await Promise.all(callers);
  } finally {
    await listener.close();
  }
}
