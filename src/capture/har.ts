import { type CapturedRequest, type CaptureFormat, type CaptureItem } from "./format.ts";
import { headerOf, latin1Of, targetOf } from "./http-fields.ts";
import { type HarEntry, harEntrySchema, type HarRequest } from "./har-fields.ts";
import { Unusable } from "./http-message.ts";
import { type JsonElement, jsonElements, type JsonShape, jsonShape } from "./json-scan.ts";

const ENTRY_MAX_BYTES = 256 * 2 ** 20;
const NS_PER_MS = 1e6;
const REASONS: Partial<Record<JsonElement["kind"], string>> = {
  oversize: "the entry is over 256 MiB",
  cut: "the file ends inside the entry",
  "not-object": "the entry is not an object",
};

/** −1 stands for "not applicable", and takes no time. */
const spent = (ms: number | undefined): number => Math.max(0, ms ?? 0);

/** Where a HAR keeps its entries, or undefined when it is none. */
function entriesUnder(shape: JsonShape | undefined): readonly string[] | undefined {
  const has = (key: string): boolean => shape?.keys.includes(key) === true;
  if (shape?.kind === "object" && has("log")) return ["log", "entries"];
  if (shape?.kind === "object" && has("entries")) return ["entries"];
  // A bare entry, or a list of them.
  if (has("request") && (has("startedDateTime") || has("response"))) return [];
  return undefined;
}

/** A time without a zone is taken as UTC, so that every machine reads the same. */
function startedMs(startedDateTime: string | undefined): number {
  if (startedDateTime === undefined) throw new Unusable("the entry has no startedDateTime");
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(startedDateTime);
  const ms = Date.parse(zoned ? startedDateTime : `${startedDateTime}Z`);
  if (Number.isNaN(ms)) throw new Unusable("startedDateTime is not a date");
  return ms;
}

/**
 * When the request reached the wire: a browser queues (`blocked`), looks up and connects first.
 * `ssl` lies inside `connect`.
 */
function arrivalNsOf({ startedDateTime, timings }: HarEntry): bigint {
  const waitedMs = spent(timings.blocked) + spent(timings.dns) + spent(timings.connect);
  return BigInt(startedMs(startedDateTime)) * 1_000_000n + BigInt(Math.round(waitedMs * NS_PER_MS));
}

/** Request sent to last byte received; the entry's whole time when the parts are not there. */
function serviceTimeUsOf({ timings, time }: HarEntry): number | undefined {
  const parts = [timings.send, timings.wait, timings.receive];
  const known = parts.some((ms) => ms !== undefined && ms >= 0);
  const tookMs = known ? parts.reduce<number>((sum, ms) => sum + spent(ms), 0) : (time ?? -1);
  const tookUs = Math.round(tookMs * 1_000);
  return tookUs >= 0 && Number.isFinite(tookUs) ? tookUs : undefined;
}

/** As it was sent; decoded where the archive does not say how much compression took off. */
function responseBytesOf({ bodySize = -1, content }: HarEntry["response"]): number | undefined {
  if (Number.isSafeInteger(bodySize) && bodySize > 0) return bodySize;
  // Browsers write 0 for what they do not know, too.
  const { compression = 0, size = bodySize } = content;
  const sent = size - Math.max(compression, 0);
  return Number.isSafeInteger(sent) && sent >= 0 ? sent : undefined;
}

function bodyOf(request: HarRequest): { body?: Buffer; bodyLost: boolean } {
  const { postData, bodySize = 0 } = request;
  if (postData?.text !== undefined && postData.text !== "") {
    const body = Buffer.from(postData.text, postData.encoding === "base64" ? "base64" : "utf8");
    // Browsers write what is not UTF-8 as replacement characters: the bytes are gone.
    return { body, bodyLost: postData.text.includes("\ufffd") };
  }
  if (postData !== undefined && postData.params.length > 0) {
    if (/multipart/i.test(postData.mimeType ?? "")) return { bodyLost: true };
    const form = new URLSearchParams();
    for (const { name, value = "" } of postData.params) form.append(name, value);
    return { body: Buffer.from(form.toString()), bodyLost: false };
  }
  const length = request.headers.find(({ name }) => name.toLowerCase() === "content-length");
  const announced = Number(length?.value ?? 0);
  return { bodyLost: bodySize > 0 || announced > 0 };
}

function headersOf(request: HarRequest): [string, string][] {
  const headers = request.headers.map(({ name, value }): [string, string] => [
    name,
    latin1Of(value),
  ]);
  if (request.cookies.length > 0 && headerOf(headers, "cookie") === undefined) {
    const cookies = request.cookies.map(({ name, value }) => `${name}=${value}`);
    headers.push(["cookie", latin1Of(cookies.join("; "))]);
  }
  return headers;
}

function requestOf(entry: HarEntry, place: string): CapturedRequest {
  const { request, response } = entry;
  if (request?.url === undefined) throw new Unusable("the entry has no request.url");
  const method = (request.method ?? "").toUpperCase();
  if (!/^[A-Z]+$/.test(method)) throw new Unusable("the entry has no request.method");
  const found = method === "CONNECT" ? undefined : targetOf(request.url);
  if (found?.host === undefined) throw new Unusable("the URL is not one of http or https");
  if (entry._fromCache !== undefined && entry._fromCache !== null && entry._fromCache !== false) {
    throw new Unusable("answered from the browser's cache, so never sent");
  }
  if (/BLOCKED_BY_(?:CLIENT|ADMINISTRATOR|CSP)/.test(response._error ?? "")) {
    throw new Unusable("blocked in the browser, so never sent");
  }
  const status = Math.trunc(response.status ?? 0);
  return {
    place,
    arrivalNs: arrivalNsOf(entry),
    method,
    path: found.path,
    host: found.host,
    headers: headersOf(request),
    ...bodyOf(request),
    status: status >= 100 && status <= 999 ? status : undefined,
    responseBytes: status === 0 ? undefined : responseBytesOf(response),
    // Status 0: no answer came, so there is no time to the last byte.
    serviceTimeUs: status === 0 ? undefined : serviceTimeUsOf(entry),
    connection: entry.connection === "" ? undefined : entry.connection,
  };
}

function itemOf(json: Buffer, place: string): CaptureItem {
  try {
    let value: unknown;
    try {
      value = JSON.parse(json.toString("utf8"));
    } catch {
      throw new Unusable("the entry is not JSON");
    }
    return { kind: "request", request: requestOf(harEntrySchema.parse(value), place) };
  } catch (thrown) {
    if (!(thrown instanceof Unusable)) throw thrown;
    return { kind: "rejected", place, reason: thrown.message };
  }
}

/**
 * HTTP archives (HAR 1.1, 1.2) of browsers and proxies, also bare entries. Each entry is a record,
 * redirects included. One archive is one browser's view: good for what is asked for and in which
 * order, not for how requests of many users arrive.
 */
export const harFormat: CaptureFormat = {
  name: "har",
  description: "HTTP archive of a browser or proxy (.har)",
  timePrecisionNs: NS_PER_MS,

  sniff(head) {
    return entriesUnder(jsonShape(head)) !== undefined;
  },

  async *read({ head, chunks, name }) {
    const elements = jsonElements(chunks, entriesUnder(jsonShape(head)) ?? [], ENTRY_MAX_BYTES);
    for (let entry = 1; ; entry++) {
      const { value, done } = await elements.next();
      if (done === true) {
        if (!value) yield { kind: "warning", text: `${name} is cut off: its JSON does not end` };
        return;
      }
      const place = `${name}:${value.line} (entry ${entry})`;
      const reason = REASONS[value.kind];
      yield reason === undefined ? itemOf(value.bytes, place) : { kind: "rejected", place, reason };
    }
  },
};
