import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Clock, DeadlineHandle, Deadlines } from "../core/index.ts";
import { NS_PER_US } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import type { Asked, Conduct, Decision } from "./conduct.ts";
import type { ListenerCounters } from "./counters.ts";
import { readBody } from "./request-body.ts";

/** Longer than callers keep idle sockets, so that it is never we who close under their hands. */
const KEEP_ALIVE_MS = 75_000;
/** A surge of new connections is the target's to survive, not ours to drop. */
const BACKLOG = 4_096;

export interface ListenerOptions {
  /** Indexes into the spool header's lists. */
  readonly arm: number;
  readonly dependency: number;
  readonly conduct: Conduct;
  readonly counters: ListenerCounters;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly record: (call: EmulatedCall) => void;
  readonly onFailure: (cause: unknown) => void;
}

interface Connection {
  readonly id: number;
  /** Calls without a full answer: more than one when the caller pipelines. */
  readonly calls: Set<Call>;
}

/** A call on its way. */
interface Call {
  readonly asked: Asked;
  readonly arriveNs: number;
  readonly connections: number;
  readonly connection: Connection;
  readonly response: ServerResponse;
  decision: Decision | null;
  meantDelayUs: number;
  /** When the answer's first byte was handed to the kernel; NaN before. */
  givenNs: number;
  due: DeadlineHandle | null;
}

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

/** One arm's server for one dependency, on a port of its own. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #connections = new Map<Socket, Connection>();
  #connectionIds = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, headersTimeout: 0, noDelay: true },
      (request, response) => this.#arrive(request, response),
    );
    this.#server.on("connection", (socket: Socket) => this.#connect(socket));
  }

  /** Resolves to the port; rejects with the system's error. `port` 0 means any free one. */
  listen(host: string, port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once("error", reject);
    this.#server.listen({ host, port, backlog: BACKLOG }, () => {
      this.#server.off("error", reject);
      this.#server.on("error", this.#options.onFailure);
      resolve((this.#server.address() as AddressInfo).port);
    });
    return promise;
  }

  /** Stops listening and hangs up on everybody; calls on their way are recorded as aborted. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    // The server reports that it is closed before its last sockets do: wait for each.
    const closed = [...this.#connections.keys()].map(
      (socket) => new Promise((resolve) => void socket.once("close", resolve)),
    );
    closed.push(new Promise((resolve) => void this.#server.close(resolve)));
    for (const socket of this.#connections.keys()) socket.destroy();
    await Promise.all(closed);
  }

  #connect(socket: Socket): void {
    const connection: Connection = { id: this.#connectionIds++, calls: new Set() };
    this.#connections.set(socket, connection);
    this.#options.counters.add("connections", 1);
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#options.counters.add("connections", -1);
      this.#abandon(connection);
    });
  }

  #arrive(request: IncomingMessage, response: ServerResponse): void {
    const { counters, clock } = this.#options;
    const arriveNs = clock.nowNs();
    const connection = this.#connections.get(request.socket);
    if (connection === undefined) return;
    counters.add("calls", 1);
    counters.add("inFlight", 1);
    const call: Call = {
      asked: {
        method: request.method ?? "",
        path: request.url ?? "",
        traceparent: single(request.headers["traceparent"]),
        requestId: single(request.headers["x-request-id"]),
        inFlight: counters.get("inFlight"),
      },
      arriveNs,
      connections: counters.get("connections"),
      connection,
      response,
      decision: null,
      meantDelayUs: 0,
      givenNs: Number.NaN,
      due: null,
    };
    connection.calls.add(call);
    response.on("finish", () => this.#settle(call));
    readBody(request, (body) => this.#decide(call, body));
  }

  #decide(call: Call, body: Buffer | null): void {
    const { conduct, clock, deadlines } = this.#options;
    const nowNs = clock.nowNs();
    const decision = conduct.decide(call.asked, body, nowNs);
    call.decision = decision;
    // A caller that is slow to send its body is not answered before it has, and we are not late.
    const readUs = body?.length === 0 ? 0 : (nowNs - call.arriveNs) / NS_PER_US;
    call.meantDelayUs = Math.max(decision.delayUs, readUs);
    if (decision.delayUs <= readUs) this.#answer(call, decision);
    else {
      const dueNs = call.arriveNs + decision.delayUs * NS_PER_US;
      call.due = deadlines.at(dueNs, () => this.#answer(call, decision));
    }
  }

  #answer(call: Call, { answer }: Decision): void {
    const { response } = call;
    call.due = null;
    // Behind an earlier answer on its connection, the first byte leaves with the last.
    const queued = response.socket === null;
    if (answer.body === null) {
      response.writeHead(answer.status, answer.headers).end();
    } else {
      const length = Buffer.byteLength(answer.body);
      response.writeHead(answer.status, { ...answer.headers, "content-length": length });
      response.end(answer.body);
    }
    if (!queued) call.givenNs = this.#options.clock.nowNs();
  }

  #abandon({ calls }: Connection): void {
    for (const call of calls) {
      if (call.due !== null) this.#options.deadlines.cancel(call.due);
      this.#settle(call, true);
    }
  }

  #settle(call: Call, aborted = false): void {
    if (!call.connection.calls.delete(call)) return;
    const { arm, dependency, clock, conduct, counters, record } = this.#options;
    const endNs = clock.nowNs();
    const { asked, arriveNs, decision } = call;
    const outcome = aborted || decision === null ? "aborted" : decision.outcome;
    counters.add("inFlight", -1);
    if (outcome === "error") counters.add("errors", 1);
    else if (outcome !== "ok") counters.add(outcome, 1);
    const { seq, key, attempt } = decision ?? conduct.identify(asked, null);
    const givenNs = Number.isNaN(call.givenNs) ? endNs : call.givenNs;
    record({
      arm,
      dependency,
      seq,
      attempt,
      key,
      safe: asked.method === "GET" || asked.method === "HEAD",
      arriveNs,
      endNs,
      meantDelayUs: call.meantDelayUs,
      givenDelayUs: (givenNs - arriveNs) / NS_PER_US,
      status: outcome === "aborted" ? 0 : (decision?.answer.status ?? 0),
      outcome,
      retryAfterMs: decision?.retryAfterMs ?? 0,
      inFlight: asked.inFlight,
      connections: call.connections,
      connection: call.connection.id,
    });
  }
}
