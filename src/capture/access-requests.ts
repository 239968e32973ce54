import type { AccessLine } from "./access-line.ts";
import { isDash } from "./access-line.ts";
import { ByteMemo } from "./byte-memo.ts";
import type { DistinctIds } from "./distinct.ts";
import type { CaptureItem } from "./format.ts";
import type { RecordText } from "./record-text.ts";
import type { Pseudonyms, Redacted, Redactor } from "./redact/index.ts";
import { RequestShape } from "./request-shape.ts";
import { clientText } from "./session.ts";
import {
  type HeldShared,
  ID_CHARS,
  PRECISION,
  SHARED_TEXTS,
  type SharedTexts,
} from "./spill/index.ts";
import { ViewedBytes } from "./viewed-bytes.ts";

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
const SHAPES = { entriesMax: 2 ** 15, bytesMax: 2 ** 21 };
const TEXTS = { entriesMax: 2 ** 14, bytesMax: 2 ** 22 };
const CLIENTS = { entriesMax: 2 ** 18, bytesMax: 2 ** 24 };
const BODY_LOST: RequestNote = { replaced: undefined, bodyLost: true };
const NONE = -1;
const DASH = ViewedBytes.of("-");

/** What all records of a capture have in common. */
export interface RecordsOptions {
  readonly text: RecordText;
  readonly texts: SharedTexts;
  /** Learns the clients, each of which is a session. */
  readonly sessions: DistinctIds;
  readonly pseudonyms: Pseudonyms;
  readonly redactor: Redactor | undefined;
}

/**
 * Makes held records of lines' bytes: of each request line, agent, referer and client that comes
 * again, what was redacted and written once is shared.
 */
export class AccessRecords {
  readonly record: HeldShared = {
    sec: 0,
    ns: 0,
    precision: PRECISION.wholeSecond,
    status: 0,
    responseBytes: 0,
    route: 0,
    texts: new Uint32Array(SHARED_TEXTS),
    client: new ViewedBytes(Buffer.alloc(ID_CHARS)),
  };
  /** Of the record that was made last. */
  bodyLost = false;
  readonly #options: RecordsOptions;
  readonly #requests = new ByteMemo<RequestNote>(REQUESTS);
  readonly #shape = new RequestShape();
  /** Of plain request lines: what they tell but for their own text. */
  readonly #shapes = new ByteMemo<RequestNote>(SHAPES);
  readonly #agents = new ByteMemo<Redacted["replaced"]>(TEXTS);
  readonly #referers = new ByteMemo<Redacted["replaced"]>(TEXTS);
  readonly #clients = new ByteMemo(CLIENTS);

  constructor(options: RecordsOptions) {
    this.#options = options;
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
    if (agent === NONE) return false;
    const referer = this.#referer(line, hasReferer);
    this.#write(request, agent, referer, this.#client(line, hasAgent, agent));
    const { record } = this;
    [record.sec, record.status, record.responseBytes] = [line.sec, line.status, line.responseBytes];
    return true;
  }

  #write(request: number, agent: number, referer: number, client: number): void {
    const { record } = this;
    const note = this.#requests.noteOf(request);
    this.bodyLost = note?.bodyLost === true;
    this.#count(note?.replaced);
    this.#count(this.#agents.noteOf(agent));
    this.#count(this.#referers.noteOf(referer));
    record.route = this.#requests.tagOf(request);
    record.texts[0] = this.#requests.textOf(request);
    record.texts[1] = this.#agents.textOf(agent);
    record.texts[2] = this.#referers.textOf(referer);
    this.#clients.copyMade(client, record.client, 0);
  }

  #count(replaced: Redacted["replaced"]): void {
    if (replaced !== undefined) this.#options.redactor?.count({ text: "", replaced });
  }

  #request(line: AccessLine, askedOf: (request: string) => Asked | undefined): number {
    const { requestFrom: from, requestTo: to, text } = line;
    const known = this.#requests.find(text, from, to);
    if (known !== NONE) return known;
    const shape = this.#shape;
    const hasShape = shape.read(text, from, to);
    const like = hasShape ? this.#shapes.find(shape.text, 0, shape.end) : NONE;
    if (like !== NONE) {
      return this.#requests.put(text, from, to, {
        text: this.#options.texts.addBytes(shape.key, 0, shape.writeKey(text, from)),
        tag: this.#shapes.tagOf(like),
        note: this.#shapes.noteOf(like),
      });
    }
    const asked = askedOf(text.bytes.toString("latin1", from, to));
    if (asked === undefined) return NONE;
    const key = this.#options.text.keyApart(asked.method, asked.path);
    const { replaced, route: tag } = key;
    const lost = asked.bodyLost ? BODY_LOST : undefined;
    const note = replaced === undefined ? lost : { bodyLost: asked.bodyLost, replaced };
    if (hasShape && key.isPlain) this.#shapes.put(shape.text, 0, shape.end, { tag, note });
    return this.#requests.put(text, from, to, {
      text: this.#options.texts.add(key.text),
      tag,
      note,
    });
  }

  /** The headers up to the agent; −1 when the line must be read by other means. */
  #agent(line: AccessLine, hasAgent: boolean): number {
    const text = hasAgent ? line.text : DASH;
    const [from, to] = hasAgent ? [line.agentFrom, line.agentTo] : [0, 1];
    const known = this.#agents.find(text, from, to);
    if (known !== NONE) return known;
    if (!hasAgent) return this.#agents.put(text, from, to, this.#shared(',"headers":['));
    if (!line.isAgentWhole) return NONE;
    const raw = text.bytes.toString("latin1", from, to);
    const made = this.#options.text.headerApart("user-agent", raw);
    const headers = `,"headers":[${made.text}`;
    return this.#agents.put(text, from, to, this.#shared(headers, made.replaced));
  }

  /** The headers after the agent. */
  #referer(line: AccessLine, hasReferer: boolean): number {
    const text = hasReferer ? line.text : DASH;
    const [from, to] = hasReferer ? [line.refererFrom, line.refererTo] : [0, 1];
    const known = this.#referers.find(text, from, to);
    if (known !== NONE) return known;
    if (!hasReferer) return this.#referers.put(text, from, to, this.#shared("]"));
    const made = this.#options.text.headerApart("referer", text.bytes.toString("latin1", from, to));
    return this.#referers.put(text, from, to, this.#shared(`,${made.text}]`, made.replaced));
  }

  #shared(text: string, note?: Redacted["replaced"]): { text: number; note: Redacted["replaced"] } {
    return { text: this.#options.texts.add(text), note };
  }

  #client(line: AccessLine, hasAgent: boolean, agent: number): number {
    const { clientFrom: from, clientTo: to, text } = line;
    const { bytes } = text;
    const salt = this.#agents.serialOf(agent);
    const known = this.#clients.find(text, from, to, salt);
    if (known !== NONE) return known;
    const by = hasAgent ? bytes.toString("latin1", line.agentFrom, line.agentTo) : "";
    const id = this.#options.pseudonyms.id(clientText(bytes.toString("latin1", from, to), by));
    this.#options.sessions.add(id);
    return this.#clients.put(text, from, to, { made: id, salt });
  }
}
