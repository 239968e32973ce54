import type { DependencyCall } from "./schema.ts";

const SERVER_ERROR = 500;
const UNAVAILABLE = 503;
const TOO_MANY_REQUESTS = 429;
const REQUEST_TIMEOUT = 408;

type Outcome = Pick<DependencyCall, "failed" | "retryAfterMs" | "status">;

/** Whether the capture says so, else whether its status is 500 or more. */
export const failedIn = ({ failed, status }: Outcome): boolean =>
  failed ?? (status !== undefined && status >= SERVER_ERROR);

/** Whether there were too many: 429, or 503 with the time to wait. Source: RFC 6585, §4; RFC 9110, §15.6.4. */
export const refusedIn = ({ retryAfterMs, status }: Outcome): boolean =>
  status === TOO_MANY_REQUESTS || (status === UNAVAILABLE && retryAfterMs !== undefined);

/** Whether a caller would ask once more for the same. */
export const retriableIn = (call: Outcome): boolean =>
  failedIn(call) || refusedIn(call) || call.status === REQUEST_TIMEOUT;

/** `2xx` for 204; null for a call without a status. */
export const statusClassOf = (status: number | undefined): string | null =>
  status === undefined || status < 100 || status > 999 ? null : `${Math.floor(status / 100)}xx`;
