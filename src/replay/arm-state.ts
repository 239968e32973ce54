import { ArmIdentity, type DeadlineHandle } from "../core/index.ts";
import type { DropReason, ErrorKind, Observation } from "../measure/index.ts";
import type { IntendedStart } from "../schedule/index.ts";
import { Exchange } from "./exchange.ts";
import type { ReplayArm, ReplayOptions } from "./replay.ts";
import type { ExchangeSink, Transport } from "./transports/transport.ts";

/** What an arm tells the replay that it belongs to. */
export interface ArmHooks {
  readonly guard: (work: () => void) => void;
  readonly fail: (thrown: unknown) => void;
  /** A request has ended, or the rest was dropped. */
  readonly idle: () => void;
}

/** More than there are routes. */
const ROUTES_MAX = 65_536;
/** Stands for "has not left yet". */
const NOT_STARTED = -1;

/**
 * One arm of a replay: its transport, what is in flight there, and what is told of it. Exchange
 * objects go round between a pool and the list of what is in flight, oldest first: all have the
 * same timeout, so they run out in that order, and one deadline, for the oldest, is enough.
 */
export class ReplayArmState implements ExchangeSink {
  inFlightCount = 0;
  /** The replay has ended: what is still told is not heard. */
  over = false;
  /** Its load was cut: starts from here on are dropped, and counted. */
  cut = false;
  readonly #arm: ReplayArm;
  readonly #index: number;
  readonly #options: ReplayOptions;
  readonly #hooks: ArmHooks;
  readonly #transport: Transport;
  readonly #identity: ArmIdentity;
  readonly #pool: Exchange[] = [];
  #sending: Exchange | null = null;
  #oldest: Exchange | null = null;
  #newest: Exchange | null = null;
  #armed: DeadlineHandle | undefined;
  /** Starts dropped because the run was stopped, as one observation for each stage and route. */
  readonly #rest = new Map<number, { first: IntendedStart; route: number; count: number }>();

  constructor(arm: ReplayArm, index: number, options: ReplayOptions, hooks: ArmHooks) {
    this.#arm = arm;
    this.#index = index;
    this.#options = options;
    this.#hooks = hooks;
    this.#identity = new ArmIdentity(options.runId, index);
    this.#transport = arm.makeTransport(this);
  }

  /** The intended start of the oldest request in flight; Infinity when there is none. */
  get oldestNs(): number {
    return this.#oldest?.intendedNs ?? Number.POSITIVE_INFINITY;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  /** Makes ready what a start that is still to come will send. */
  prepare(planned: IntendedStart): void {
    this.#arm.requests.prepare(planned);
  }

  /** A start that is not made, alone of those around it: the other arms hear of theirs. */
  leaveOut(planned: IntendedStart, reason: DropReason): void {
    const route = this.#arm.requests.routeOf(planned);
    this.#observeDropped(planned, reason, 1, route);
    if (this.#isCompared(planned, route)) this.#options.answers!.dropped(this.#index, planned.seq);
  }

  start(planned: IntendedStart): void {
    const { clock, inFlightMax } = this.#options;
    if (this.cut || this.inFlightCount >= inFlightMax) {
      this.leaveOut(planned, this.cut ? "arm-cut" : "in-flight-cap");
      return;
    }
    const exchange = this.#pool.pop() ?? new Exchange();
    exchange.arm = this.#index;
    exchange.stage = planned.stage;
    exchange.seq = planned.seq;
    exchange.intendedNs = planned.intendedNs;
    exchange.traceparent = this.#identity.traceparent(planned.seq);
    exchange.requestId = this.#identity.requestId(planned.seq);
    exchange.startNs = NOT_STARTED;
    exchange.firstByteNs = 0;
    exchange.status = 0;
    exchange.responseHeaders = null;
    exchange.responseBody = null;
    this.#arm.requests.fill(exchange, planned);
    exchange.isCompared = this.#isCompared(planned, exchange.request.route);
    if (exchange.isCompared) exchange.wantsContent = true;
    this.#add(exchange);
    exchange.offeredNs = clock.nowNs();
    exchange.waited = true;
    this.#sending = exchange;
    this.#transport.send(exchange);
    this.#sending = null;
  }

  // What the transport tells.

  started(exchange: Exchange): void {
    exchange.startNs = this.#options.clock.nowNs();
    // Whoever leaves while it is being sent has waited for nobody.
    if (this.#sending === exchange) exchange.waited = false;
  }

  firstByte(exchange: Exchange, status: number): void {
    exchange.firstByteNs = this.#options.clock.nowNs();
    exchange.status = status;
  }

  ended(exchange: Exchange, bytesIn: number): void {
    if (this.over) return;
    try {
      const endNs = this.#options.clock.nowNs();
      const { arm, firstByteNs, intendedNs, request, seq, stage, startNs, status } = exchange;
      const { bytesOut, route } = request;
      const connectionWaitNs = exchange.waited ? startNs - exchange.offeredNs : 0;
      this.#options.onObservation({
        kind: "response",
        arm,
        stage,
        seq,
        route,
        intendedNs,
        startNs,
        connectionWaitNs,
        firstByteNs,
        endNs,
        status,
        bytesIn,
        bytesOut,
      });
      if (exchange.wantsContent) this.#arm.requests.learn(exchange);
      if (exchange.isCompared) this.#options.answers!.answered(exchange);
      this.#remove(exchange);
    } catch (thrown) {
      this.#hooks.fail(thrown);
    }
  }

  failed(exchange: Exchange, error: ErrorKind): void {
    if (this.over) return;
    try {
      const endNs = this.#options.clock.nowNs();
      const { arm, intendedNs, offeredNs, request, seq, stage, waited } = exchange;
      // One that never left waited for a connection until the end.
      const startNs = exchange.startNs === NOT_STARTED ? endNs : exchange.startNs;
      const connectionWaitNs = waited ? startNs - offeredNs : 0;
      const { route } = request;
      const common = { arm, stage, seq, route, intendedNs };
      this.#options.onObservation({
        kind: "error",
        ...common,
        startNs,
        connectionWaitNs,
        endNs,
        error,
      });
      if (exchange.isCompared) this.#options.answers!.failed(exchange, error);
      this.#remove(exchange);
    } catch (thrown) {
      this.#hooks.fail(thrown);
    }
  }

  /** Gives up all that have not ended. */
  giveUpAll(why: ErrorKind): void {
    while (this.#oldest !== null && !this.over) this.#transport.giveUp(this.#oldest, why);
  }

  /** Counts a start that will not be made, since the run was stopped. */
  countDropped(planned: IntendedStart): void {
    const route = this.#arm.requests.routeOf(planned);
    const key = planned.stage * ROUTES_MAX + route;
    const known = this.#rest.get(key);
    if (known === undefined) this.#rest.set(key, { first: planned, route, count: 1 });
    else known.count++;
  }

  writeDropped(): void {
    for (const { count, first, route } of this.#rest.values()) {
      this.#observeDropped(first, "run-stopped", count, route);
    }
    this.#rest.clear();
  }

  #isCompared(planned: IntendedStart, route: number): boolean {
    return this.#options.answers?.wants(this.#index, planned, route) ?? false;
  }

  #observeDropped(
    planned: IntendedStart,
    reason: Extract<Observation, { kind: "dropped" }>["reason"],
    count: number,
    route: number,
  ): void {
    const { intendedNs, seq, stage } = planned;
    const common = { arm: this.#index, stage, seq, route, intendedNs };
    this.#options.onObservation({ kind: "dropped", ...common, reason, count });
  }

  #add(exchange: Exchange): void {
    exchange.older = this.#newest;
    exchange.newer = null;
    if (this.#newest === null) this.#oldest = exchange;
    else this.#newest.newer = exchange;
    this.#newest = exchange;
    this.inFlightCount++;
    if (this.#armed === undefined) this.#armOldest();
  }

  #remove(exchange: Exchange): void {
    const { newer, older } = exchange;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    exchange.older = null;
    exchange.newer = null;
    this.inFlightCount--;
    this.#pool.push(exchange);
    if (this.inFlightCount === 0) this.#hooks.idle();
  }

  #armOldest(): void {
    if (this.#oldest === null) return;
    const { deadlines, timeoutNs } = this.#options;
    this.#armed = deadlines.at(this.#oldest.intendedNs + timeoutNs, this.#giveUpDue);
  }

  readonly #giveUpDue = (): void => {
    this.#armed = undefined;
    this.#hooks.guard(() => {
      const { clock, timeoutNs } = this.#options;
      const nowNs = clock.nowNs();
      while (this.#oldest !== null && this.#oldest.intendedNs + timeoutNs <= nowNs) {
        this.#transport.giveUp(this.#oldest, "timeout");
      }
      this.#armOldest();
    });
  };
}
