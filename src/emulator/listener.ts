import type { Agent } from "undici";
import { type Clock, type Deadlines, NS_PER_S, NS_PER_US } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import type { HostPort } from "./address.ts";
import { arrivingCall, type Call, isLate, isTimed, recordOf } from "./call.ts";
import { Capacity } from "./capacity/index.ts";
import type { Conduct } from "./conduct.ts";
import type { ListenerCounters } from "./counters.ts";
import type { Asked, Decision } from "./decision.ts";
import { type AnyResponse, deliver, type Way } from "./deliver/index.ts";
import type { HttpSpec } from "./dependency.ts";
import { ConnectionFaults } from "./listen/connection-faults.ts";
import { type AnyRequest, type Connection, Front, type TlsIdentity } from "./listen/front.ts";
import type { World } from "./model.ts";
import type { OpenFiles } from "./open-files.ts";
import { RecentRate } from "./recent-rate.ts";
import { BODY_BYTES_MAX, readBody } from "./request-body.ts";
import { passOn, type PassedWay, upstreamAgent } from "./upstream/index.ts";

export interface ListenerOptions {
  /** Indexes into the spool header's lists. */
  readonly arm: number;
  readonly dependency: number;
  readonly spec: HttpSpec;
  /** Null: clear HTTP. */
  readonly tls: TlsIdentity | null;
  readonly conduct: Conduct;
  readonly world: World;
  readonly counters: ListenerCounters;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly record: (call: EmulatedCall, asked: Asked) => void;
  readonly openFiles: OpenFiles;
  readonly onFailure: (cause: unknown) => void;
}

/** One arm's server for one dependency, on a port of its own. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #front: Front;
  readonly #rate = new RecentRate(NS_PER_S);
  /** Calls without a full answer, by connection: several when the caller pipelines or multiplexes. */
  readonly #calls = new Map<Connection, Set<Call>>();
  #spec: HttpSpec;
  #capacity: Capacity | null;
  #agent: Agent | null = null;

  /** @throws SCENARIO_INVALID when a connection fault names an incident that there is not */
  constructor(options: ListenerOptions) {
    this.#options = options;
    const { clock, counters, onFailure, openFiles, spec, tls, world } = options;
    this.#spec = spec;
    this.#capacity = this.#capacityOf(spec);
    this.#front = new Front({
      clock,
      tls,
      faults: new ConnectionFaults(spec.connections, world),
      openFiles,
      requestTimeoutMs: spec.requestTimeoutMs,
      bodyBytesMax: BODY_BYTES_MAX,
      onFailure,
      onConnection: (connection) => {
        this.#calls.set(connection, new Set());
        counters.add("accepted", 1);
        counters.add("connections", 1);
      },
      onClosed: (connection) => {
        counters.add("connections", -1);
        this.#abandon(connection);
      },
      onRequest: (request, response, from) => this.#arrive(request, response, from),
    });
  }

  /** Resolves to the port; rejects with the system's error. `port` 0 means any free one. */
  listen(at: HostPort): Promise<number> {
    return this.#front.listen(at);
  }

  /** From now on as told; calls on their way end as they were decided. */
  change(spec: HttpSpec): void {
    this.#options.conduct.change(spec);
    this.#capacity = this.#capacityOf(spec);
    this.#spec = spec;
  }

  /** Limits, queues and models begin anew. */
  reset(): void {
    this.change(this.#spec);
  }

  /** Stops listening and hangs up on everybody; calls on their way are recorded as aborted. */
  async close(): Promise<void> {
    await this.#front.close();
    this.#capacity?.close();
    await this.#agent?.destroy();
  }

  #capacityOf({ capacity }: HttpSpec): Capacity | null {
    const { clock, deadlines } = this.#options;
    return capacity === undefined ? null : new Capacity(capacity, { clock, deadlines });
  }

  #arrive(request: AnyRequest, response: AnyResponse, connection: Connection): void {
    const { counters, clock } = this.#options;
    const nowNs = clock.nowNs();
    counters.add("calls", 1);
    counters.add("inFlight", 1);
    const call = arrivingCall(request, response, connection, {
      nowNs,
      inFlight: counters.get("inFlight"),
      ratePerSec: this.#rate.before(nowNs),
      connections: counters.get("connections"),
    });
    this.#rate.add(nowNs);
    this.#calls.get(connection)?.add(call);
    // Over HTTP/1.1 a caller that goes takes its connection along; a stream goes alone.
    if ("stream" in response) response.stream.once("close", () => this.#leave(call));
    // A body may come whole when its caller has gone: nothing is decided for nobody.
    readBody(request, (body) => {
      if (!call.settled) this.#decide(call, body);
    });
  }

  #decide(call: Call, body: Buffer | null): void {
    const { clock, conduct } = this.#options;
    const { asked } = call;
    const nowNs = clock.nowNs();
    asked.requestBytes = body?.length ?? 0;
    const asking = conduct.decideShared(asked, body, nowNs);
    if (asking === null) {
      this.#act(call, conduct.decide(asked, body, nowNs), { body, nowNs });
      return;
    }
    void asking.then((decision) => {
      if (call.settled) decision.release?.();
      else this.#act(call, decision, { body, nowNs });
    });
  }

  /** `nowNs`: when the call had been read; what was asked of others since is a part of its delay. */
  #act(
    call: Call,
    decision: Decision,
    { body, nowNs }: { readonly body: Buffer | null; readonly nowNs: number },
  ): void {
    const { deadlines } = this.#options;
    const { asked } = call;
    call.decision = decision;
    if (decision.upstream !== null) call.body = body;
    if (decision.early) this.#options.counters.add("early", 1);
    // A caller that is slow to send its body is not answered before it has, and we are not late.
    const readNs = body?.length === 0 ? asked.nowNs : nowNs;
    if (decision.works && this.#capacity !== null) {
      this.#queue(call, decision, this.#capacity, readNs);
      return;
    }
    const readUs = (readNs - asked.nowNs) / NS_PER_US;
    call.meantDelayUs = Math.max(decision.delayUs, readUs);
    if (decision.delayUs <= readUs) this.#answer(call, decision);
    else {
      const dueNs = asked.nowNs + decision.delayUs * NS_PER_US;
      call.due = deadlines.at(dueNs, () => this.#answer(call, decision));
    }
  }

  #queue(call: Call, decision: Decision, capacity: Capacity, readNs: number): void {
    const { asked } = call;
    call.ticket = capacity.enter({
      serviceUs: decision.delayUs,
      arriveNs: readNs,
      luck: decision.draw?.uniform("luck") ?? 0.5,
      done: (doneNs, queuedUs) => {
        call.ticket = null;
        call.meantDelayUs = (doneNs - asked.nowNs) / NS_PER_US;
        call.queuedUs = queuedUs;
        this.#answer(call, decision);
      },
    });
    if (call.ticket !== null) return;
    const { conduct } = this.#options;
    const rejected = conduct.reject(decision, capacity.whenFull);
    call.decision = rejected;
    call.meantDelayUs = (readNs - asked.nowNs) / NS_PER_US;
    this.#answer(call, rejected);
  }

  #answer(call: Call, decision: Decision): void {
    const { clock, deadlines } = this.#options;
    const { answer, draw, fault, transfer, upstream } = decision;
    const { body, response } = call;
    call.due = null;
    const luck = fault?.kind === "garbage" ? (draw?.uniform("luck") ?? 0.5) : 0;
    const delivery = { answer, fault, transfer, luck };
    const way: Way = {
      socket: call.connection.socket,
      deadlines,
      nowNs: () => clock.nowNs(),
      onFirstByte: () => (call.givenNs = clock.nowNs()),
      onEnd: (bodyBytes) => {
        call.responseBytes = bodyBytes;
        this.#settle(call);
      },
    };
    call.underway =
      upstream === null || body === null
        ? deliver(response, delivery, way)
        : passOn(
            { upstream, response, body, delivery },
            { ...way, ...this.#upstreamEvents(call, decision) },
            (this.#agent ??= upstreamAgent()),
          );
  }

  /** What an upstream takes is meant, and comes on top of the delay. */
  #upstreamEvents(call: Call, decision: Decision): Pick<PassedWay, "onAnswered" | "onBroken"> {
    const { clock } = this.#options;
    const askedNs = clock.nowNs();
    return {
      onAnswered: (status, failed) => {
        call.body = null;
        call.meantDelayUs += (clock.nowNs() - askedNs) / NS_PER_US;
        const outcome = failed ? "error" : decision.outcome;
        call.decision = { ...decision, outcome, answer: { ...decision.answer, status } };
      },
      onBroken: () => {
        if (call.decision !== null) call.decision = { ...call.decision, outcome: "error" };
      },
    };
  }

  #abandon(connection: Connection): void {
    for (const call of this.#calls.get(connection) ?? []) this.#leave(call);
    this.#calls.delete(connection);
  }

  /** The caller has gone. */
  #leave(call: Call): void {
    // A stream closes when it has its answer, too; what is still to be done to its connection is.
    if (call.settled) return;
    if (call.due !== null) this.#options.deadlines.cancel(call.due);
    call.ticket?.leave();
    call.underway?.cancel();
    this.#settle(call, true);
  }

  #settle(call: Call, aborted = false): void {
    if (call.settled) return;
    call.settled = true;
    this.#calls.get(call.connection)?.delete(call);
    const { arm, dependency, clock, conduct, counters, record } = this.#options;
    const endNs = clock.nowNs();
    const { asked, decision } = call;
    const outcome = aborted || decision === null ? "aborted" : decision.outcome;
    counters.add("inFlight", -1);
    if (outcome === "error") counters.add("errors", 1);
    else if (outcome !== "ok") counters.add(outcome, 1);
    decision?.release?.();
    const identity = decision ?? conduct.identify(asked, null);
    const kept = recordOf(call, identity, { arm, dependency, endNs, outcome });
    if (isTimed(kept)) {
      counters.add("timed", 1);
      if (isLate(kept)) counters.add("late", 1);
    }
    record(kept, asked);
  }
}
