/** One request, as services see it. */
export interface Visit {
  /** `traceparent` and `x-request-id` as they came in, to be passed on; none where nothing is. */
  readonly identity: Readonly<Record<string, string>>;
  readonly path: string;
}

/** Answers a request with a text; rejects where it cannot. */
export type Answer = (visit: Visit) => Promise<string>;

/** Sets a service up as the environment says. */
export type Service = () => Answer | Promise<Answer>;
