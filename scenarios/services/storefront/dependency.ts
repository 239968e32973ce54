import { Pool } from "undici";

export interface DependencyOptions {
  readonly name: string;
  readonly url: string;
  /** The most connections open at a time. Further calls wait for one, first come, first served. */
  readonly connections: number;
  /** A call's deadline, waiting for a connection included. */
  readonly timeoutMs: number;
}

/** One visitor's request: whose it is, and until when an answer is still of use to him. */
export interface Visit {
  /** `traceparent` and `x-request-id` as they came in, passed on with every call. */
  readonly identity: Readonly<Record<string, string>>;
  /** On `performance.now()`'s clock. */
  readonly deadlineMs: number;
}

export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly json?: unknown;
  readonly visit: Visit;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

/** A dependency gave no answer, or none that helps. */
export class DependencyError extends Error {}

/** A service that this one calls: a pool of connections, and a deadline on every call. */
export class Dependency {
  readonly #options: DependencyOptions;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(options: DependencyOptions) {
    const { origin, pathname } = new URL(options.url);
    this.#options = options;
    this.#basePath = pathname.replace(/\/$/, "");
    this.#free = options.connections;
    this.#pool = new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      // The deadline below is the only clock that matters.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: options.timeoutMs,
    });
  }

  /** @throws DependencyError when there is no complete answer before the deadline. */
  async call(call: Call): Promise<Answer> {
    const { name, timeoutMs } = this.#options;
    const abort = new AbortController();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`no answer within ${timeoutMs} ms`));
      abort.abort();
    }, timeoutMs);
    try {
      // The race is for calls that are still connecting: undici hears of their abort only later.
      return await Promise.race([this.#exchange(call, abort.signal), late.promise]);
    } catch (thrown) {
      throw new DependencyError(`${name}: ${String(thrown)}`, { cause: thrown });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Calls, and insists on a 2xx. */
  async callOk(call: Call): Promise<Answer> {
    const answer = await this.call(call);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new DependencyError(`${this.#options.name}: status ${answer.status}`);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #exchange({ method, path, json, visit }: Call, signal: AbortSignal): Promise<Answer> {
    await this.#takeConnection(signal);
    try {
      const { statusCode, headers, body } = await this.#pool.request({
        method,
        path: this.#basePath + path,
        headers:
          json === undefined
            ? visit.identity
            : { ...visit.identity, "content-type": "application/json" },
        body: json === undefined ? null : JSON.stringify(json),
        signal,
      });
      const retryAfter = headers["retry-after"];
      return {
        status: statusCode,
        text: await body.text(),
        retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      };
    } finally {
      this.#giveBack();
    }
  }

  /**
   * The pool has a queue of its own, but a call that is aborted in there stays until its turn, and
   * then takes a healthy connection down with it. Waiting out here, it can simply leave.
   */
  #takeConnection(signal: AbortSignal): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(go);
        reject(new Error("gave up waiting for a connection"));
      };
      const go = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}

/** A JSON object's fields; none when the text is something else. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
