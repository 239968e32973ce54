import type { AccessLine } from "./access-line.ts";
import { isDash } from "./access-line.ts";
import { ByteMemo, ViewedBytes } from "./byte-memo.ts";
import type { CaptureItem } from "./format.ts";
import type { RecordText } from "./record-text.ts";
import type { Pseudonyms, Redacted, Redactor } from "./redact/index.ts";
import { clientText } from "./session.ts";
import { type HeldText, ID_CHARS, PRECISION } from "./spill/index.ts";

/** What a request line asks for. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  /** Whether it should have had a body, which a log does not hold. */
  readonly bodyLost: boolean;
}

/** Takes usual lines of access logs without making objects of them. */
export interface AccessRequests {
  /** What else is read, in its place among the lines. */
  add(item: CaptureItem): void;
  /**
   * Takes a line, which is then done; false when it must be read by other means.
   * @param askedOf undefined for what is no request that a line alone tells of
   */
  take(line: AccessLine, askedOf: (request: string) => Asked | undefined): boolean;
}

interface RequestNote {
  readonly replaced: Redacted["replaced"];
  readonly bodyLost: boolean;
}

const REQUESTS = { entriesMax: 2 ** 16, bytesMax: 2 ** 23 };
const TEXTS = { entriesMax: 2 ** 14, bytesMax: 2 ** 22 };
const CLIENTS = { entriesMax: 2 ** 18, bytesMax: 2 ** 23 };
/** More than four kilobytes of a line take as JSON, six characters for each. */
const RECORD_BYTES_MAX = 2 ** 16;
/** What is to be noted of most requests. */
const PLAIN: RequestNote = { replaced: undefined, bodyLost: false };
const BODY_LOST: RequestNote = { replaced: undefined, bodyLost: true };
const NONE = -1;
const DASH = new ViewedBytes(Buffer.from("-"));

/**
 * Makes held records of lines' bytes: of each request line, agent, referer and client that comes
 * again, what was redacted and written once is copied.
 */
export class AccessRecords {
  readonly record: HeldText = {
    sec: 0,
    ns: 0,
    precision: PRECISION.wholeSecond,
    status: 0,
    responseBytes: 0,
    bytes: Buffer.alloc(RECORD_BYTES_MAX),
    route: 0,
    textBytes: 0,
  };
  /** Of the record that was made last. */
  bodyLost = false;
  readonly #text: RecordText;
  readonly #pseudonyms: Pseudonyms;
  readonly #redactor: Redactor | undefined;
  readonly #requests = new ByteMemo<RequestNote>(REQUESTS);
  readonly #agents = new ByteMemo<Redacted["replaced"]>(TEXTS);
  readonly #referers = new ByteMemo<Redacted["replaced"]>(TEXTS);
  readonly #clients = new ByteMemo(CLIENTS);

  constructor(
    text: RecordText,
    by: { readonly pseudonyms: Pseudonyms; readonly redactor: Redactor | undefined },
  ) {
    this.#text = text;
    this.#pseudonyms = by.pseudonyms;
    this.#redactor = by.redactor;
  }

  /** Makes `record`; false when the line must be read by other means. */
  make(line: AccessLine, askedOf: (request: string) => Asked | undefined): boolean {
    const { bytes } = line.text;
    const hasAgent = line.agentFrom > 0 && !isDash(bytes, line.agentFrom, line.agentTo);
    const hasReferer = line.refererFrom > 0 && !isDash(bytes, line.refererFrom, line.refererTo);
    if (hasReferer && !hasAgent) return false;
    const request = this.#request(line, askedOf);
    if (request === NONE) return false;
    const agent = this.#agent(line, hasAgent);
    const referer = this.#referer(line, hasReferer);
    this.#write(request, agent, referer, this.#client(line, hasAgent, agent));
    const { record } = this;
    [record.sec, record.status, record.responseBytes] = [line.sec, line.status, line.responseBytes];
    return true;
  }

  #write(request: number, agent: number, referer: number, client: number): void {
    const { record } = this;
    const note = this.#requests.noteOf(request)!;
    this.bodyLost = note.bodyLost;
    this.#count(note.replaced);
    this.#count(this.#agents.noteOf(agent));
    this.#count(this.#referers.noteOf(referer));
    record.route = this.#requests.tagOf(request);
    const key = this.#requests.copyMade(request, record.bytes, 0);
    const headers = this.#agents.copyMade(agent, record.bytes, key);
    record.textBytes = this.#referers.copyMade(referer, record.bytes, headers);
    this.#clients.copyMade(client, record.bytes, record.textBytes);
  }

  #count(replaced: Redacted["replaced"]): void {
    if (replaced !== undefined) this.#redactor?.count({ text: "", replaced });
  }

  #request(line: AccessLine, askedOf: (request: string) => Asked | undefined): number {
    const { requestFrom: from, requestTo: to, text } = line;
    const known = this.#requests.find(text, from, to);
    if (known !== NONE) return known;
    const asked = askedOf(text.bytes.toString("latin1", from, to));
    if (asked === undefined) return NONE;
    const { replaced, route, text: key } = this.#text.keyApart(asked.method, asked.path);
    const plain = asked.bodyLost ? BODY_LOST : PLAIN;
    const note = replaced === undefined ? plain : { ...plain, replaced };
    return this.#requests.put(text, from, to, { text: key, tag: route, note });
  }

  /** The headers up to the agent. */
  #agent(line: AccessLine, hasAgent: boolean): number {
    const text = hasAgent ? line.text : DASH;
    const [from, to] = hasAgent ? [line.agentFrom, line.agentTo] : [0, 1];
    const known = this.#agents.find(text, from, to);
    if (known !== NONE) return known;
    if (!hasAgent) return this.#agents.put(text, from, to, { text: ',"headers":[' });
    const raw = text.bytes.toString("latin1", from, to);
    const made = this.#text.headerApart("user-agent", raw);
    const headers = `,"headers":[${made.text}`;
    return this.#agents.put(text, from, to, { text: headers, note: made.replaced });
  }

  /** The headers after the agent. */
  #referer(line: AccessLine, hasReferer: boolean): number {
    const text = hasReferer ? line.text : DASH;
    const [from, to] = hasReferer ? [line.refererFrom, line.refererTo] : [0, 1];
    const known = this.#referers.find(text, from, to);
    if (known !== NONE) return known;
    if (!hasReferer) return this.#referers.put(text, from, to, { text: "]" });
    const made = this.#text.headerApart("referer", text.bytes.toString("latin1", from, to));
    return this.#referers.put(text, from, to, { text: `,${made.text}]`, note: made.replaced });
  }

  #client(line: AccessLine, hasAgent: boolean, agent: number): number {
    const { clientFrom: from, clientTo: to, text } = line;
    const { bytes } = text;
    const salt = this.#agents.serialOf(agent);
    const known = this.#clients.find(text, from, to, salt);
    if (known !== NONE) return known;
    const by = hasAgent ? bytes.toString("latin1", line.agentFrom, line.agentTo) : "";
    const id = this.#pseudonyms.id(clientText(bytes.toString("latin1", from, to), by));
    return this.#clients.put(text, from, to, { text: id.slice(0, ID_CHARS), salt });
  }
}
