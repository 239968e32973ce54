/** One request as it came by, and what was answered. Times count from the clock's origin. */
export interface RecordedExchange {
  /** The proxy's connections are numbered from 0, in the order in which they came. */
  readonly connection: number;
  /** Of the request, as it came, its empty line with it; `readHead` reads it. */
  readonly head: Buffer;
  /** Undone from its chunks; null when there was none, or it was longer than is kept. */
  readonly body: Buffer | null;
  readonly requestBytes: number;
  /** When its first byte came: whole, and never the same for two requests of one proxy. */
  readonly startNs: number;
  /** When the answer's last byte came, or the connection ended. */
  readonly endNs: number;
  /**
   * `answered`: with a whole answer; `cut`: the connection ended in the middle of the answer;
   * `unanswered`: it ended before.
   */
  readonly outcome: "answered" | "cut" | "unanswered";
  /** Of the final answer, as far as it came; undefined when none began. */
  readonly status: number | undefined;
  /** The final answer's header, as it came. */
  readonly retryAfter: string | undefined;
  /** Of its body, undone from its chunks. */
  readonly responseBytes: number;
}

/** Counts since the proxy was started; `open` is of now. */
export interface RecorderCounts {
  readonly open: number;
  readonly connections: number;
  readonly exchanges: number;
  /** Requests of which not all came before their connection ended: not recorded. */
  readonly incomplete: number;
  /** Connections that became something else than HTTP/1 (websocket, tunnel): passed on, not recorded. */
  readonly upgraded: number;
  /** Connections that the observer could not follow, by reason: passed on, not recorded from there. */
  readonly unparsed: Readonly<Record<string, number>>;
  /** Connections whose upstream did not accept, or failed. */
  readonly upstreamErrors: number;
}
