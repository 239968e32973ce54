import { connect, type Socket } from "node:net";
import type { Clock, Deadlines, Draw } from "../../core/index.ts";
import type { TcpConnection as MeasuredConnection, TcpExchange } from "../../measure/index.ts";
import { Link } from "./link.ts";
import type { EndKind, Stream, ToxicSpec } from "./toxic/index.ts";

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
  /** Bytes came in from one side, or were given to the other. */
  readonly onBytes: (stream: Stream, what: "received" | "sent", bytes: number) => void;
  /** A request is in flight from its last byte up until the first byte down. */
  readonly onInFlight: (change: 1 | -1) => void;
  /** Bytes came back, and then bytes went up again, or the connection is over. */
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

  #connected(upstream: Socket): void {
    const { caller, toxics, onBytes } = this.#options;
    this.#record.connectedNs = this.#options.clock.nowNs();
    const link = (stream: Stream, source: Socket, destination: Socket): Link =>
      new Link({
        ...this.#options,
        source,
        destination,
        toxics: toxics().filter((spec) => spec.stream === stream),
        onReceived: (bytes) => {
          this.#note(stream, bytes);
          onBytes(stream, "received", bytes);
        },
        onSent: (bytes) => onBytes(stream, "sent", bytes),
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
    this.#setInFlight(stream === "upstream");
    if (stream === "upstream") {
      this.#endExchange();
      this.#upNs ??= nowNs;
    } else if (this.#upNs !== null) this.#downNs = nowNs;
  }

  /** Nothing where no answer has come: the exchange goes on. */
  #endExchange(): void {
    if (this.#upNs === null || this.#downNs === null) return;
    const { onExchange, ordinal } = this.#options;
    onExchange({ connection: ordinal, upNs: this.#upNs, downNs: this.#downNs });
    [this.#upNs, this.#downNs] = [null, null];
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
    this.#endExchange();
    this.#options.onClose({
      ...this.#record,
      outcome: this.#outcome ?? "ended",
      closedBy: this.#closedBy ?? "caller",
      closeNs: this.#options.clock.nowNs(),
    });
  }
}
