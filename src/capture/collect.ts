import { isUtf8 } from "node:buffer";
import type { ProfileRecord } from "../profile/index.ts";
import { AnswerPairs } from "./answers.ts";
import { redactedCall } from "./calls.ts";
import type { CapturedCall, CapturedRequest, CaptureItem } from "./format.ts";
import { headerOf, keptHeaders } from "./http-fields.ts";
import { Unusable } from "./http-message.ts";
import { LedgerBook } from "./ledger.ts";
import { type Pseudonyms, redactBody, type Redactor } from "./redact/index.ts";
import { type SessionClues, sessionClues } from "./session.ts";

/** Which requests to keep; what is not given keeps all. */
export interface CaptureFilter {
  /** `name` or `name:port`; a name alone fits any port. */
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  /** Tried on path and query, as captured. */
  readonly path?: RegExp;
}

/** A record before its place among all others is known. */
export interface HeldRecord {
  arrivalNs: bigint;
  /** True when the arrival is known to the second only. */
  readonly wholeSecond: boolean;
  readonly clues: SessionClues;
  readonly method: string;
  readonly path: string;
  readonly headers: [string, string][];
  readonly body: ProfileRecord["body"];
  status?: number | undefined;
  serviceTimeUs?: number | undefined;
  readonly calls: readonly CapturedCall[] | undefined;
}

export interface CollectorOptions {
  readonly filter: CaptureFilter;
  readonly pseudonyms: Pseudonyms;
  /** Undefined when redaction is off. */
  readonly redactor: Redactor | undefined;
}

const withoutPort = (host: string): string => host.replace(/:\d+$/, "");

function passes(request: CapturedRequest, { hosts, methods, path }: CaptureFilter): boolean {
  const { host } = request;
  const hostFits = (wanted: string): boolean =>
    host !== undefined && (host === wanted || withoutPort(host) === wanted);
  if (hosts !== undefined && !hosts.some(hostFits)) return false;
  if (methods !== undefined && !methods.includes(request.method)) return false;
  return path === undefined || path.test(request.path);
}

const stored = (body: Buffer): NonNullable<ProfileRecord["body"]> =>
  isUtf8(body)
    ? { encoding: "utf8", data: body.toString("utf8") }
    : { encoding: "base64", data: body.toString("base64") };

/** Takes what the readers find: filters, redacts, pairs, counts. Nothing unredacted is held. */
export class Collector {
  readonly held: HeldRecord[] = [];
  readonly book = new LedgerBook();
  readonly hostCounts = new Map<string, number>();
  readonly warnings: string[] = [];
  bodiesLostCount = 0;
  /** Records that arrived before the record in front of them in their file. */
  backwardsCount = 0;
  readonly #options: CollectorOptions;
  #pairs = new AnswerPairs();
  #file = -1;
  #wholeSecond = false;
  #latestNs = 0n;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  beginFile(timePrecisionNs: number): void {
    this.#file++;
    this.#wholeSecond = timePrecisionNs >= 1e9;
    this.#pairs = new AnswerPairs();
    this.#latestNs = 0n;
  }

  endFile(name: string): void {
    const { orphanCount } = this.#pairs;
    if (orphanCount > 0) {
      this.warnings.push(`${name}: ${orphanCount} responses belong to no request that was read`);
    }
  }

  add(item: CaptureItem): void {
    switch (item.kind) {
      case "warning":
        this.warnings.push(item.text);
        return;
      case "rejected":
        this.book.reject(item.place, item.reason);
        return;
      case "filtered":
        this.book.filteredCount++;
        return;
      case "answer":
        this.#pairs.answer(item.id, item);
        return;
      case "request":
        this.#request(item.request);
    }
  }

  #request(request: CapturedRequest): void {
    const passed = passes(request, this.#options.filter);
    if (!passed) this.book.filteredCount++;
    const held = passed ? this.#hold(request) : undefined;
    // A request that was not kept takes its answer with it all the same.
    if (request.id !== undefined) {
      this.#pairs.ask(request.id, held ?? { arrivalNs: request.arrivalNs });
    }
    if (held !== undefined) this.#keep(request, held);
  }

  /** The record, redacted; undefined when that cannot be done, which is then counted. */
  #hold(request: CapturedRequest): HeldRecord | undefined {
    const { redactor, pseudonyms } = this.#options;
    try {
      const clues = sessionClues(request, this.#file, (value) => pseudonyms.id(value));
      const headers = keptHeaders(request.headers);
      const body = this.#body(request, headers);
      return {
        arrivalNs: request.arrivalNs,
        wholeSecond: this.#wholeSecond,
        clues,
        method: request.method,
        path: redactor?.path(request.path) ?? request.path,
        headers: headers.map(([name, value]) => [name, redactor?.header(name, value) ?? value]),
        body: body === undefined ? undefined : stored(body),
        status: request.status,
        serviceTimeUs: request.serviceTimeUs,
        calls: request.calls?.map((call) => redactedCall(call, redactor)),
      };
    } catch (thrown) {
      if (!(thrown instanceof Unusable)) throw thrown;
      this.book.reject(request.place, thrown.message);
      return undefined;
    }
  }

  #body(request: CapturedRequest, headers: readonly [string, string][]): Buffer | undefined {
    const { redactor } = this.#options;
    if (request.body === undefined || redactor === undefined) return request.body;
    const type = headerOf(headers, "content-type") ?? "";
    const coding = headerOf(headers, "content-encoding") ?? "";
    return redactBody(request.body, { type, coding }, redactor);
  }

  #keep(request: CapturedRequest, held: HeldRecord): void {
    this.held.push(held);
    this.book.keptCount++;
    if (request.bodyLost === true) this.bodiesLostCount++;
    if (request.host !== undefined) {
      this.hostCounts.set(request.host, (this.hostCounts.get(request.host) ?? 0) + 1);
    }
    if (request.arrivalNs < this.#latestNs) this.backwardsCount++;
    this.#latestNs = request.arrivalNs;
  }
}
