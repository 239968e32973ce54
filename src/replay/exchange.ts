import type { PreparedRequest } from "./prepare.ts";

/**
 * One request under way: what was planned of it, what it carries, and what became of it. Objects
 * are used again for later requests, so that none is made, and none is thrown away, for each one.
 */
export class Exchange {
  arm = 0;
  stage = 0;
  seq = 0;
  intendedNs = 0;
  request!: PreparedRequest;
  /** Values of the two identity headers. */
  traceparent = "";
  requestId = "";
  /** The captured session or connection it belongs to, where that is to be kept. */
  session: string | null = null;
  /** Whether `responseHeaders` and `responseBody` are wanted: rules read them, or they are compared. */
  wantsContent = false;
  /** Whether the answer is to be compared with another's. */
  isCompared = false;

  /** Whether it did not leave at once: no connection was free. */
  waited = false;

  /** When it was given to the transport, left, was answered and was over. */
  offeredNs = 0;
  startNs = 0;
  firstByteNs = 0;
  status = 0;
  /** Name, value, name, value, … of the final response; null unless wanted and there. */
  responseHeaders: readonly string[] | null = null;
  /** The body, chunk framing undone; null unless wanted and there. */
  responseBody: Buffer | null = null;

  /** The transport's own: what carries this exchange. Null when it is not under way. */
  carrier: unknown = null;
  /** The replay's own: neighbours in the order in which exchanges were sent. */
  older: Exchange | null = null;
  newer: Exchange | null = null;
}
