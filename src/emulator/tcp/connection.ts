import { connect, type Socket } from "node:net";
import type { Clock, Deadlines, Draw } from "../../core/index.ts";
import type { TcpConnection as MeasuredConnection, TcpExchange } from "../../measure/index.ts";
import { Link } from "./link.ts";
import { type EndKind, type Stream, toxic, type ToxicSpec } from "./toxic/index.ts";
import type { Trouble } from "./trouble.ts";

/** What became of one connection through a proxy. Times count from the clock's origin. */
export type TcpConnectionRecord = Omit<MeasuredConnection, "arm" | "dependency">;

/** One stretch for which a connection was busy. Times count from the clock's origin. */
export type TcpExchangeRecord = Omit<TcpExchange, "arm" | "dependency">;

export interface ConnectionOptions {
  readonly ordinal: number;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly caller: Socket;
  readonly upstream: { readonly host: string; readonly port: number };
  /** The toxics as they are when the upstream has accepted. */
  readonly toxics: () => readonly ToxicSpec[];
  readonly draw: (toxic: string) => Draw;
  /** What is done to the dependency now. */
  readonly trouble: () => Trouble | null;
  /** Whether it may ever be slowed: what comes back goes one step further then. */
  readonly mayBeSlowed: boolean;
  /** Bytes came in from one side, or were given to the other. */
  readonly onBytes: (stream: Stream, what: "received" | "sent", bytes: number) => void;
  /** A request is in flight from its last byte up until the caller is given the first byte down. */
  readonly onInFlight: (change: 1 | -1) => void;
  /** Bytes came back, and then bytes went up again, or the connection is over; or none came, for a trouble. */
  readonly onExchange: (record: TcpExchangeRecord) => void;
  readonly onClose: (record: TcpConnectionRecord) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A caller's connection and the one to the upstream that goes with it. */
export class TcpConnection {
  readonly #options: ConnectionOptions;
  readonly #record: Mutable<TcpConnectionRecord>;
  #links: Record<Stream, Link> | null = null;
  #upstream: Socket | null = null;
  #outcome: TcpConnectionRecord["outcome"] | null = null;
  #closedBy: TcpConnectionRecord["closedBy"] | null = null;
  #inFlight = false;
  /** When the exchange under way began, and its last byte down so far; null: there is none. */
  #upNs: number | null = null;
  #downNs: number | null = null;
  /** What the first bytes down of this exchange took; null: none came yet. */
  #tookNs: number | null = null;
  /** Nothing gets through any more, while both peers take it for well. */
  #dead = false;
  /** A trouble has reset it. */
  #cut = false;
  #open = 1;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { caller, ordinal, clock } = options;
    this.#record = {
      connection: ordinal,
      outcome: "ended",
      closedBy: "caller",
      openNs: clock.nowNs(),
      connectedNs: null,
      firstUpNs: null,
      firstDownNs: null,
      lastNs: null,
      closeNs: 0,
      bytesUp: 0,
      bytesDown: 0,
    };
    caller.on("error", () => this.#fail("caller"));
    caller.on("close", () => this.#closed());
  }

  /** Connects to the upstream; the caller is not read before. */
  start(): void {
    if (this.#outcome !== null) return;
    this.#dead = this.#options.trouble()?.kind === "hung";
    const upstream = connect({ ...this.#options.upstream, allowHalfOpen: true, noDelay: true });
    this.#upstream = upstream;
    this.#open++;
    upstream.on("error", () => this.#fail("upstream"));
    upstream.on("close", () => this.#closed());
    upstream.on("connect", () => this.#connected(upstream));
  }

  add(spec: ToxicSpec): void {
    this.#links?.[spec.stream].add(spec);
  }

  update(spec: ToxicSpec): void {
    this.#links?.[spec.stream].update(spec);
  }

  remove(spec: ToxicSpec): void {
    this.#links?.[spec.stream].remove(spec.name);
  }

  /** Sends RST at once: there are too many connections. */
  refuse(): void {
    this.#settle("refused", "proxy");
    this.#options.caller.resetAndDestroy();
  }

  /** Hangs up on both peers at once. */
  hangUp(): void {
    this.#settle("closed", "proxy");
    this.#dropLinks();
    this.#options.caller.destroy();
    this.#upstream?.destroy();
  }

  /** A dependency that hung does so no more: what was lost on the way is not found again. */
  hangIsOver(): void {
    if (this.#dead) this.hangUp();
  }

  #connected(upstream: Socket): void {
    const { caller, mayBeSlowed, onBytes, toxics } = this.#options;
    this.#record.connectedNs = this.#options.clock.nowNs();
    const link = (stream: Stream, source: Socket, destination: Socket): Link =>
      new Link({
        ...this.#options,
        source,
        destination,
        toxics: toxics().filter((spec) => spec.stream === stream),
        passes: () => (stream === "upstream" ? this.#passesUp() : !this.#dead),
        ...(stream === "downstream" && mayBeSlowed ? { last: this.#slowing() } : {}),
        onReceived: (bytes) => {
          this.#note(stream, bytes);
          onBytes(stream, "received", bytes);
        },
        onSent: (bytes) => {
          if (stream === "downstream") this.#answered();
          onBytes(stream, "sent", bytes);
        },
        onEnd: (kind) => this.#ended(kind, destination),
      });
    caller.once("end", () => (this.#closedBy ??= "caller"));
    upstream.once("end", () => (this.#closedBy ??= "upstream"));
    this.#links = {
      upstream: link("upstream", caller, upstream),
      downstream: link("downstream", upstream, caller),
    };
    caller.resume();
  }

  #note(stream: Stream, bytes: number): void {
    const record = this.#record;
    const nowNs = this.#options.clock.nowNs();
    record.lastNs = nowNs;
    if (stream === "upstream") {
      record.bytesUp += bytes;
      record.firstUpNs ??= nowNs;
    } else {
      record.bytesDown += bytes;
      record.firstDownNs ??= nowNs;
    }
    if (stream === "upstream") this.#asked(nowNs);
  }

  #asked(nowNs: number): void {
    this.#setInFlight(true);
    this.#endExchange();
    if (this.#upNs !== null) return;
    this.#upNs = nowNs;
    this.#tookNs = null;
  }

  /** Bytes are given to the caller. */
  #answered(): void {
    this.#setInFlight(false);
    if (this.#upNs !== null) this.#downNs = this.#options.clock.nowNs();
  }

  /** Nothing where no answer has come: the exchange goes on, unless a trouble is why there is none. */
  #endExchange(isOver = false): void {
    const [upNs, downNs] = [this.#upNs, this.#downNs];
    const isLost = isOver && downNs === null && (this.#dead || this.#cut);
    if (upNs === null || (downNs === null && !isLost)) return;
    const { onExchange, ordinal } = this.#options;
    onExchange({ connection: ordinal, upNs, downNs });
    [this.#upNs, this.#downNs] = [null, null];
  }

  /** Whether what the caller sends is passed on. */
  #passesUp(): boolean {
    const trouble = this.#options.trouble();
    if (trouble?.kind === "hung") this.#dead = true;
    if (trouble?.kind !== "away") return !this.#dead;
    this.#cut = true;
    this.#settle("reset", "proxy");
    this.#dropLinks();
    this.#options.caller.resetAndDestroy();
    this.#upstream?.resetAndDestroy();
    return false;
  }

  /** Comes after all toxics: what they made of an answer's time is the time that is stretched. */
  #slowing() {
    return toxic({
      chunk: (chunk, nowNs) => {
        if (this.#upNs !== null) this.#tookNs ??= nowNs - this.#upNs;
        const trouble = this.#options.trouble();
        const times = trouble?.kind === "slowed" ? trouble.factor - 1 : 0;
        return [{ chunk, dueNs: nowNs + times * (this.#tookNs ?? 0) }];
      },
    });
  }

  #setInFlight(inFlight: boolean): void {
    if (inFlight === this.#inFlight) return;
    this.#inFlight = inFlight;
    this.#options.onInFlight(inFlight ? 1 : -1);
  }

  #ended(kind: EndKind, destination: Socket): void {
    if (kind === "end") {
      destination.end();
      return;
    }
    // A toxic's doing, even where a peer had closed its own direction before.
    this.#closedBy = "toxic";
    this.#settle(kind === "reset" ? "reset" : "closed", "toxic");
    this.#dropLinks();
    for (const socket of [this.#options.caller, this.#upstream]) {
      if (kind === "reset") socket?.resetAndDestroy();
      else socket?.destroySoon();
    }
  }

  #fail(by: "caller" | "upstream"): void {
    const unreachable = by === "upstream" && this.#record.connectedNs === null;
    this.#settle(unreachable ? "unreachable" : "reset", by);
    this.#dropLinks();
    // As if the network had passed it on; to a caller that was never connected, a plain end.
    if (unreachable) this.#options.caller.destroy();
    else this.#options.caller.resetAndDestroy();
    this.#upstream?.resetAndDestroy();
  }

  #settle(outcome: TcpConnectionRecord["outcome"], by: TcpConnectionRecord["closedBy"]): void {
    this.#closedBy ??= by;
    this.#outcome ??= outcome;
  }

  #dropLinks(): void {
    this.#links?.upstream.drop();
    this.#links?.downstream.drop();
  }

  #closed(): void {
    this.#open--;
    if (this.#open > 0) return;
    this.#dropLinks();
    this.#setInFlight(false);
    this.#endExchange(true);
    this.#options.onClose({
      ...this.#record,
      outcome: this.#outcome ?? "ended",
      closedBy: this.#closedBy ?? "caller",
      closeNs: this.#options.clock.nowNs(),
    });
  }
}
