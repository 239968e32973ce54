import { headersOf } from "./headers.ts";

const NONE = Buffer.alloc(0);

/** A request over HTTP/1.1, told when its head has come. */
export class Http1Request {
  readonly method: string;
  /** The target, as sent. */
  readonly url: string;
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: readonly string[];
  readonly http11: boolean;
  #headers: Record<string, string | string[]> | null = null;
  #body: Buffer | null | undefined;
  #reader: ((body: Buffer | null) => void) | null = null;

  constructor(
    { method, target }: { readonly method: string; readonly target: string },
    rawHeaders: readonly string[],
    http11: boolean,
  ) {
    this.method = method;
    this.url = target;
    this.rawHeaders = rawHeaders;
    this.http11 = http11;
  }

  /** By their names in lower case, joined as Node joins them. */
  get headers(): Readonly<Record<string, string | string[]>> {
    return (this.#headers ??= headersOf(this.rawHeaders));
  }

  /**
   * Calls `done` once when the body is whole, at once if it is: with it, or with null if it was
   * longer than may be kept.
   */
  read(done: (body: Buffer | null) => void): void {
    if (this.#body === undefined) this.#reader = done;
    else done(this.#body);
  }

  /** It has no body. */
  bodiless(): void {
    this.#body = NONE;
  }

  /** Its body is whole; null: too long. */
  whole(body: Buffer | null): void {
    this.#body = body;
    const reader = this.#reader;
    this.#reader = null;
    reader?.(body);
  }
}
