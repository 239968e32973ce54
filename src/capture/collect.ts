import { isUtf8 } from "node:buffer";
import { type ProfileRecord, RouteTemplates } from "../profile/index.ts";
import { CapturedRoutes } from "./captured-routes.ts";
import type { AccessLine } from "./access-line.ts";
import { AccessRecords, type AccessRequests, type Asked } from "./access-requests.ts";
import { AnswerPairs } from "./answers.ts";
import { redactedCall } from "./calls.ts";
import { DistinctIds } from "./distinct.ts";
import type { CapturedCall, CapturedRequest, CaptureItem } from "./format.ts";
import { keptValue } from "./http-fields.ts";
import { Unusable } from "./http-message.ts";
import { EPOCH, type Instant, instantOf, isBefore, SEC_NS } from "./instant.ts";
import { LedgerBook } from "./ledger.ts";
import { RecordText } from "./record-text.ts";
import { type Pseudonyms, redactBody, type Redactor } from "./redact/index.ts";
import { ClueReader, type SessionClues, SessionCookies } from "./session.ts";
import { type HeldRecord, type Precision, PRECISION, type Spill } from "./spill/index.ts";

/** A record that waits for its answer, beside its text. */
const WAITING_BYTES = 512;
const textLengthOf = ({ more, text }: HeldRecord): number => more.length + text.length;
/** More hosts than these are not told apart. */
const HOSTS_MAX = 10_000;

/** Which requests to keep; what is not given keeps all. */
export interface CaptureFilter {
  /** `name` or `name:port`; a name alone fits any port. */
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  /** Tried on path and query, as captured. */
  readonly path?: RegExp;
}

/** What waits with a record and is needed by few: as JSON in its `more`. */
export interface MoreHeld {
  readonly cookies?: SessionClues["cookies"];
  readonly calls?: readonly CapturedCall[];
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

/**
 * Takes what the readers find: filters, redacts, pairs, counts, and gives what is kept to the
 * spill. Nothing unredacted is held; what is held in memory does not grow with the requests.
 */
export class Collector {
  readonly book = new LedgerBook();
  readonly hostCounts = new Map<string, number>();
  readonly warnings: string[] = [];
  /** Learn what only all requests together tell. */
  readonly routes = new CapturedRoutes();
  readonly callRoutes = new RouteTemplates();
  readonly sessionCookies = new SessionCookies();
  /** Those of records whose client alone tells it; of others, the cookies have to be known first. */
  readonly sessions = new DistinctIds();
  /** Whether a request made calls, even none: whether the capture knows of them. */
  hasCalls = false;
  bodiesLostCount = 0;
  /** Records that arrived before the record in front of them in their file. */
  backwardsCount = 0;
  /** Of the records that were kept. */
  first: Instant | undefined;
  last: Instant | undefined;
  readonly #options: CollectorOptions;
  readonly #text: RecordText;
  readonly #clues: ClueReader;
  readonly #spill: Spill;
  /** Takes megabytes: made for the first line of an access log. */
  #records: AccessRecords | undefined;
  #pairs = new AnswerPairs();
  #file = -1;
  #wholeSecond = false;
  #latest = EPOCH;
  #arrivalNs = 0n;
  #instant = EPOCH;

  constructor(options: CollectorOptions, spill: Spill) {
    this.#options = options;
    this.#spill = spill;
    this.#clues = new ClueReader((value) => options.pseudonyms.id(value));
    this.#text = new RecordText(options.redactor, this.routes);
  }

  /** For lines of access logs; undefined while a filter wants to see the requests. */
  get accessRequests(): AccessRequests | undefined {
    const { filter } = this.#options;
    if (Object.keys(filter).length > 0) return undefined;
    return {
      add: (item) => this.#add(item),
      take: (line, askedOf) => this.#takeLine(line, askedOf),
    };
  }

  beginFile(timePrecisionNs: number): void {
    this.#file++;
    this.#wholeSecond = timePrecisionNs >= 1e9;
    this.#pairs = new AnswerPairs();
    this.#latest = EPOCH;
  }

  endFile(name: string): void {
    this.#pairs.end();
    const { orphanCount } = this.#pairs;
    if (orphanCount > 0) {
      this.warnings.push(`${name}: ${orphanCount} responses belong to no request that was read`);
    }
  }

  /** After the last file: what only reading needs is let go, some 40 MB of a long log. */
  endFiles(): void {
    this.#records = undefined;
  }

  add(items: CaptureItem | readonly CaptureItem[]): void {
    if (Array.isArray(items)) for (const item of items as readonly CaptureItem[]) this.#add(item);
    else this.#add(items as CaptureItem);
  }

  #add(item: CaptureItem): void {
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

  #takeLine(line: AccessLine, askedOf: (request: string) => Asked | undefined): boolean {
    const records = (this.#records ??= this.#newRecords());
    if (!records.make(line, askedOf)) return false;
    const { bodyLost, record } = records;
    if (record.sec !== this.#instant.sec || this.#instant.ns !== 0) {
      this.#instant = { sec: record.sec, ns: 0 };
      this.#arrivalNs = BigInt(record.sec) * SEC_NS;
    }
    this.#note({ bodyLost, host: undefined }, this.#instant);
    this.#spill.addShared(this.#spill.nextSeq(), record);
    return true;
  }

  #newRecords(): AccessRecords {
    const { pseudonyms, redactor } = this.#options;
    const { texts } = this.#spill;
    const { sessions } = this;
    return new AccessRecords({ text: this.#text, texts, sessions, pseudonyms, redactor });
  }

  #request(request: CapturedRequest): void {
    const passed = passes(request, this.#options.filter);
    if (!passed) this.book.filteredCount++;
    const held = passed ? this.#hold(request) : undefined;
    if (held !== undefined) this.#note(request, held);
    if (request.id !== undefined) this.#pair(request.id, request, held);
    else if (held !== undefined) this.#spill.add(this.#spill.nextSeq(), held);
  }

  /** A request that was not kept takes its answer with it all the same. */
  #pair(id: string, { arrivalNs, method }: CapturedRequest, held: HeldRecord | undefined): void {
    const seq = held === undefined ? 0 : this.#spill.nextSeq();
    this.#pairs.ask(id, {
      arrivalNs,
      bytes: WAITING_BYTES + (held === undefined ? 0 : textLengthOf(held)),
      complete({ responseBytes, serviceTimeUs, status }) {
        if (held === undefined) return;
        held.status = status ?? held.status;
        held.serviceTimeUs = serviceTimeUs ?? held.serviceTimeUs;
        // What the answer to a HEAD announces is not sent.
        held.responseBytes = method === "HEAD" ? 0 : (responseBytes ?? held.responseBytes);
      },
      settle: () => {
        if (held !== undefined) this.#spill.add(seq, held);
      },
    });
  }

  /** The record, redacted; undefined when that cannot be done, which is then counted. */
  #hold(request: CapturedRequest): HeldRecord | undefined {
    const { redactor, pseudonyms } = this.#options;
    try {
      const { ns, sec } = this.#instantOf(request.arrivalNs);
      const clues = this.#clues.read(request, this.#file);
      const body = this.#body(request);
      const calls = request.calls?.map((call) => redactedCall(call, { pseudonyms, redactor }));
      const text = this.#text;
      const key = text.key(request.method, request.path);
      const headers = text.headers(request.headers);
      return {
        sec,
        ns,
        precision: this.#precisionAt(ns),
        route: key.route,
        text: key.text + headers + (body === undefined ? "" : text.body(stored(body))),
        hasBody: body !== undefined,
        status: request.status,
        serviceTimeUs: request.serviceTimeUs,
        responseBytes: request.responseBytes,
        connection: clues.connection,
        client: clues.client,
        more: this.#more(clues, calls),
      };
    } catch (thrown) {
      if (!(thrown instanceof Unusable)) throw thrown;
      this.book.reject(request.place, thrown.message);
      return undefined;
    }
  }

  #precisionAt(ns: number): Precision {
    if (!this.#wholeSecond) return PRECISION.exact;
    return ns === 0 ? PRECISION.wholeSecond : PRECISION.secondFrom;
  }

  /** Neighbouring requests often have the same arrival. */
  #instantOf(arrivalNs: bigint): Instant {
    if (arrivalNs !== this.#arrivalNs) {
      this.#instant = instantOf(arrivalNs);
      this.#arrivalNs = arrivalNs;
    }
    return this.#instant;
  }

  #more(clues: SessionClues, calls: readonly CapturedCall[] | undefined): string {
    const { cookies } = clues;
    if (cookies.length === 0 && calls === undefined) return "";
    this.sessionCookies.add(clues);
    if (calls !== undefined) this.hasCalls = true;
    for (const { path } of calls ?? []) if (path !== undefined) this.callRoutes.add(path);
    const more: MoreHeld = {
      ...(cookies.length === 0 ? {} : { cookies }),
      ...(calls === undefined ? {} : { calls }),
    };
    return JSON.stringify(more);
  }

  #body(request: CapturedRequest): Buffer | undefined {
    const { redactor } = this.#options;
    if (request.body === undefined || redactor === undefined) return request.body;
    const type = keptValue(request.headers, "content-type") ?? "";
    const coding = keptValue(request.headers, "content-encoding") ?? "";
    return redactBody(request.body, { type, coding }, redactor);
  }

  #note({ bodyLost, host }: Pick<CapturedRequest, "bodyLost" | "host">, at: Instant): void {
    this.book.keptCount++;
    if (bodyLost === true) this.bodiesLostCount++;
    if (host !== undefined) this.#countHost(host);
    if (isBefore(at, this.#latest)) this.backwardsCount++;
    this.#latest = this.#instant;
    if (this.first === undefined || isBefore(at, this.first)) this.first = this.#instant;
    if (this.last === undefined || isBefore(this.last, at)) this.last = this.#instant;
  }

  #countHost(host: string): void {
    const count = this.hostCounts.get(host);
    if (count !== undefined || this.hostCounts.size < HOSTS_MAX) {
      this.hostCounts.set(host, (count ?? 0) + 1);
    }
  }
}
