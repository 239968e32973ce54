import type { CallContext } from "../model.ts";
import { grouped } from "./grouped.ts";
import { type Part, readParts } from "./multipart.ts";

/** Where a stub looks at a call: parts are read apart when they are first asked for. */
export class RequestView {
  readonly call: CallContext;
  /** Without the query, as sent. */
  readonly path: string;
  readonly nowMs: number;
  /** State machine → the state that it is in. */
  readonly states: ReadonlyMap<string, string>;
  /** What went wrong in answering it, as it is told by who answers. */
  readonly notes: string[] = [];
  readonly #body: Buffer;
  readonly #queryAt: number;
  #text: string | undefined;
  #query: URLSearchParams | undefined;
  #form: URLSearchParams | undefined;
  #parts: readonly Part[] | undefined;
  #cookies: ReadonlyMap<string, readonly string[]> | undefined;

  /** `nowMs`: when the call came, since the epoch. */
  constructor(call: CallContext, body: Buffer, nowMs: number, states: ReadonlyMap<string, string>) {
    this.call = call;
    this.nowMs = nowMs;
    this.states = states;
    this.#body = body;
    this.#queryAt = call.path.indexOf("?");
    this.path = this.#queryAt < 0 ? call.path : call.path.slice(0, this.#queryAt);
  }

  /** The body as UTF-8. */
  get text(): string {
    return (this.#text ??= this.#body.toString("utf8"));
  }

  /** The query's parameters, decoded. */
  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(
      this.#queryAt < 0 ? "" : this.call.path.slice(this.#queryAt + 1),
    ));
  }

  /** The body's parameters, decoded; none where it is no form. */
  get form(): URLSearchParams {
    const type = this.call.headers["content-type"] ?? "";
    const isForm = type.toLowerCase().startsWith("application/x-www-form-urlencoded");
    return (this.#form ??= new URLSearchParams(isForm ? this.text : ""));
  }

  /** The body's parts; none where it is no form in parts. */
  get parts(): readonly Part[] {
    return (this.#parts ??= readParts(this.call.headers["content-type"] ?? "", this.#body));
  }

  /** Of a name in any case: no value, or the one text that came. */
  header(name: string): readonly string[] {
    const value = this.call.headers[name.toLowerCase()];
    return value === undefined ? [] : [value];
  }

  cookie(name: string): readonly string[] {
    this.#cookies ??= readCookies(this.call.headers["cookie"] ?? "");
    return this.#cookies.get(name) ?? [];
  }
}

function readCookies(header: string): ReadonlyMap<string, readonly string[]> {
  const pairs = header.split(";").flatMap((pair): [name: string, value: string][] => {
    const at = pair.indexOf("=");
    return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]];
  });
  return grouped(pairs);
}
