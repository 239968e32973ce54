import { Pool } from "undici";
import type { Visit } from "./model.ts";
import { originOf } from "./settings.ts";

/** The origin answered with something else than 2xx. */
export class OriginError extends Error {
  readonly status: number;
  /** What `Retry-After` asks for; 0 without it. */
  readonly retryAfterMs: number;

  constructor(status: number, retryAfterMs: number) {
    super(`the origin answers ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Calls to the origin, from a pool that is large enough. */
export function originCaller(): (visit: Visit) => Promise<string> {
  const pool = new Pool(originOf(), { connections: 512, pipelining: 1 });
  return async ({ identity, path }) => {
    const { body, headers, statusCode } = await pool.request({
      method: "GET",
      path,
      headers: identity,
    });
    const text = await body.text();
    if (statusCode < 300) return text;
    throw new OriginError(statusCode, 1_000 * Number(headers["retry-after"] ?? 0));
  };
}
