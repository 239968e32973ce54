import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CapturedRequest, CaptureFormat, CaptureItem } from "../../../src/capture/index.ts";
import { LOG_FORMATS, logFormatOf } from "../../../src/capture/log/index.ts";
import { EXAMPLES } from "./examples.ts";

/** What a server knows of a request when it writes its line. */
interface Served {
  readonly client: string;
  readonly method: string;
  readonly target: string;
  readonly agent: string;
  readonly referer: string;
  readonly status: number;
  readonly beginMs: number;
  readonly tookMs: number;
}

/** Any text of bytes, Latin-1; never what stands for nothing. */
const bytes = fc
  .string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
  .filter((text) => text !== "" && text !== "-");
const served: fc.Arbitrary<Served> = fc.record({
  client: fc.ipV4(),
  method: fc.constantFrom("GET", "HEAD", "DELETE", "OPTIONS"),
  target: fc.stringMatching(/^\/[\x21\x22\x24-\x7e]*$/),
  agent: bytes,
  referer: bytes,
  status: fc.integer({ min: 100, max: 599 }).filter((status) => status !== 499),
  beginMs: fc.integer({ min: 0, max: 4e12 }),
  tookMs: fc.integer({ min: 0, max: 1e7 }),
});

const hex = (char: string): string =>
  `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
/** ngx_http_log_escape, escape=default. */
const nginxEscaped = (text: string): string => text.replace(/[^\x20-\x7e]|["\\]/g, hex);
/** ap_escape_logitem. */
const apacheEscaped = (text: string): string =>
  text.replace(/[^\x20-\x7e]|["\\]/g, (char) => {
    const letter = { "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\v": "v" }[char] ?? char;
    return /^["\\nrtbv]$/.test(letter) ? `\\${letter}` : hex(char);
  });
/** ngx_escape_json: control characters, quotes and backslashes. */
const jsonEscaped = (text: string): string => JSON.stringify(text).slice(1, -1);

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);
const nginxLine = (one: Served, escaped: (text: string) => string): string =>
  `${one.client} "${escaped(`${one.method} ${one.target} HTTP/1.1`)}" ${one.status} ` +
  `${seconds(one.beginMs + one.tookMs)} ${seconds(one.tookMs)} "${escaped(one.agent)}" "${escaped(one.referer)}" -`;
const NGINX =
  '$remote_addr "$request" $status $msec $request_time "$http_user_agent" "$http_referer" $upstream_addr';

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Each format's string, and how its server writes a line. */
const WRITERS: readonly { format: string; write: (one: Served) => string }[] = [
  { format: NGINX, write: (one) => nginxLine(one, nginxEscaped) },
  { format: `escape=json ${NGINX}`, write: (one) => nginxLine(one, jsonEscaped) },
  {
    format: '%h "%r" %>s %{begin:msec}t %{end:usec}t %{ms}T "%{User-agent}i" "%{Referer}i" %X',
    write: (one) =>
      `${one.client} "${apacheEscaped(`${one.method} ${one.target} HTTP/1.1`)}" ${one.status} ${one.beginMs} ` +
      `${(one.beginMs + one.tookMs) * 1_000} ${one.tookMs} "${apacheEscaped(one.agent)}" "${apacheEscaped(one.referer)}" +`,
  },
  {
    format:
      '%h %{%Y-%m-%d}tT%{%H:%M:%S}t.%{msec_frac}t %D %m "%{User-Agent}i" "%{Referer}i" %s %U%q',
    write: (one) =>
      `${one.client} ${isoOf(one.beginMs).slice(0, -1)} ${one.tookMs * 1_000} ${one.method} ` +
      `"${apacheEscaped(one.agent)}" "${apacheEscaped(one.referer)}" ${one.status} ${apacheEscaped(one.target)}`,
  },
];

async function itemsOf(format: CaptureFormat, bytesIn: Buffer): Promise<CaptureItem[]> {
  const chunks = async function* (): AsyncGenerator<Buffer> {
    yield bytesIn;
  };
  const head = bytesIn.subarray(0, 65_536);
  const file = {
    name: "x",
    head,
    chunks: chunks(),
    fingerprint: () => ({ bytes: 0, sha256: "" }),
    damage: () => null,
  };
  const items: CaptureItem[] = [];
  for await (const read of format.read(file)) items.push(...[read].flat());
  return items;
}

function formatFor(source: string, head: Buffer): CaptureFormat {
  const given = logFormatOf(source)(head);
  if ("format" in given) return given.format;
  throw new Error(given.departure);
}

const headerIn = ({ headers }: CapturedRequest, wanted: string): string | undefined =>
  headers.find(([name]) => name === wanted)?.[1];

/** The record in the terms of what was served. */
const servedAgain = (request: CapturedRequest) => ({
  client: request.client,
  method: request.method,
  target: request.path,
  agent: headerIn(request, "user-agent"),
  referer: headerIn(request, "referer"),
  status: request.status,
  beginMs: Number(request.arrivalNs / 1_000_000n),
  tookMs: request.serviceTimeUs! / 1_000,
});

describe("what a server writes of a request is read as that request", () => {
  it.each(WRITERS)("$format", async ({ format, write }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(served, { minLength: 1, maxLength: 8 }), async (all) => {
        const log = Buffer.from(all.map((one) => `${write(one)}\n`).join(""), "latin1");
        const items = await itemsOf(formatFor(format, log), log);
        const again = items.map((item) =>
          item.kind === "request" ? servedAgain(item.request) : item,
        );
        expect(again).toEqual(all);
      }),
      { numRuns: 150 },
    );
  });
});

/** Cuts, repeats, deletes and overwrites pieces of a text. */
const mutation = fc.record({
  at: fc.nat(),
  length: fc.nat({ max: 40 }),
  put: fc.oneof(
    bytes,
    fc.constantFrom('"', "\\", " ", "-", "[", "\n", "{", "999999999999999999999"),
  ),
});

function mutated(text: string, changes: readonly { at: number; length: number; put: string }[]) {
  let result = text;
  for (const { at, length, put } of changes) {
    const from = at % (result.length + 1);
    result = result.slice(0, from) + put + result.slice(from + length);
  }
  return result;
}

const SNIFFED = Object.entries(EXAMPLES).map(([name, example]) => ({
  name,
  text: example.text,
  format: LOG_FORMATS.find((one) => one.name === name),
  logFormat: example.logFormat,
}));

describe("whatever the bytes, a line is one request of its own or is rejected", () => {
  it.each(SNIFFED)("$name", async ({ text, format, logFormat }) => {
    const reader = format ?? formatFor(logFormat!, Buffer.from(text));
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 5 }), async (changes) => {
        const log = mutated(`${text}\n${text}`, changes);
        const lines = log.split("\n");
        const items = await itemsOf(reader, Buffer.from(log, "latin1"));
        const places = items.flatMap((item) =>
          item.kind === "request"
            ? [item.request.place]
            : item.kind === "rejected"
              ? [item.place]
              : [],
        );
        expect(new Set(places).size).toBe(places.length);
        expect(places.length).toBeLessThanOrEqual(lines.length);
        for (const item of items) {
          if (item.kind !== "request") continue;
          const { request } = item;
          const line = lines[Number(request.place.split(":")[1]) - 1]!;
          expect(line).toContain(request.method);
          expect(line).toContain(String(request.status ?? ""));
          expect(request.path).toMatch(/^\/[\x21-\x7e]*$/);
          expect(request.serviceTimeUs ?? 0).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each(SNIFFED)(
    "$name: a line of a mebibyte takes a moment",
    async ({ text, format, logFormat }) => {
      const reader = format ?? formatFor(logFormat!, Buffer.from(text));
      const line = text.split("\n").at(-1)!;
      for (const char of ['"', " ", "\\", ",", "[", "{", "/", "0"]) {
        const rest = char.repeat(2 ** 20 - line.length);
        const log = Buffer.from(`${text}\n${line.slice(0, line.length / 2)}${rest}`, "latin1");
        expect((await itemsOf(reader, log)).length).toBeGreaterThanOrEqual(2);
      }
    },
  );
});
