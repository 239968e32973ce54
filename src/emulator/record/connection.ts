import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Lookout } from "./lookout.ts";
import type { Observer } from "./observer.ts";

/** Where a recorded request goes on to. */
export interface RecordUpstream {
  readonly host: string;
  readonly port: number;
  /** Towards the upstream alone; the listening side is clear. */
  readonly tls: boolean;
}

export interface ConnectionOptions {
  readonly caller: Socket;
  readonly upstream: RecordUpstream;
  readonly observer: Observer;
  /** Shows the observer what has passed. */
  readonly lookout: Lookout;
  /** The upstream did not accept, or failed. */
  readonly onUpstreamError: () => void;
  /** Both sides are closed. */
  readonly onClose: () => void;
}

function connect({ host, port, tls }: RecordUpstream): Socket {
  if (!tls) return connectTcp({ host, port, allowHalfOpen: true, noDelay: true });
  // An IP address is no server name.
  const servername = isIP(host) === 0 ? host : "";
  // Documented, and passed on to the socket, though the types do not have `allowHalfOpen`.
  const options = { host, port, servername, ALPNProtocols: ["http/1.1"], allowHalfOpen: true };
  return connectTls(options).setNoDelay(true);
}

/**
 * A caller's connection and its own to the upstream. Each chunk goes on as it came, and is looked
 * at later; a slow reader holds its writer; either side may end its direction first.
 */
export class RecordedConnection {
  readonly #options: ConnectionOptions;
  readonly #upstream: Socket;
  #open = 2;
  #connected = false;
  #stopping = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { caller, lookout, observer } = options;
    // What comes before the upstream has accepted waits in its socket, as far as there is room.
    this.#upstream = connect(options.upstream);
    const upstream = this.#upstream;
    this.#pass(caller, upstream, "up");
    this.#pass(upstream, caller, "down");
    upstream.on("end", () => lookout.ended(observer));
    upstream.on("error", () => {
      options.onUpstreamError();
      // To a caller that was never connected, a plain end.
      if (this.#connected) caller.resetAndDestroy();
      else caller.destroy();
    });
    upstream.on(options.upstream.tls ? "secureConnect" : "connect", () => {
      this.#connected = true;
    });
    // As if the network had passed it on: a side that was reset resets the other.
    caller.on("error", () => {
      if (this.#connected) upstream.resetAndDestroy();
      else upstream.destroy();
    });
    for (const [socket, other] of [
      [caller, upstream],
      [upstream, caller],
    ] as const) {
      socket.on("close", () => this.#closed(other));
    }
  }

  /** Bytes that wait: for a slow reader, and in heads and bodies that are not complete. */
  get heldBytes(): number {
    const waiting = this.#options.caller.writableLength + this.#upstream.writableLength;
    return waiting + this.#options.observer.heldBytes;
  }

  /** Ends the connection as soon as no request is under way. */
  endWhenIdle(): void {
    this.#stopping = true;
    const { lookout, observer } = this.#options;
    if (!lookout.busy(observer)) this.#hangUpGently();
  }

  hangUp(): void {
    this.#options.caller.destroy();
    this.#upstream.destroy();
  }

  #pass(source: Socket, destination: Socket, direction: "up" | "down"): void {
    const { lookout, observer } = this.#options;
    source.on("data", (chunk: Buffer) => {
      if (!destination.write(chunk)) source.pause();
      lookout.passed(observer, direction, chunk);
      if (this.#stopping) this.endWhenIdle();
    });
    destination.on("drain", () => source.resume());
    source.on("end", () => destination.end());
  }

  #hangUpGently(): void {
    this.#options.caller.destroySoon();
    this.#upstream.destroySoon();
  }

  #closed(other: Socket): void {
    this.#open--;
    if (this.#open > 0) {
      // Closed for good in both directions: what was said before is still delivered.
      other.destroySoon();
      return;
    }
    const { lookout, observer, onClose } = this.#options;
    lookout.closed(observer);
    onClose();
  }
}
