import { isUtf8 } from "node:buffer";
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from "node:zlib";
import { Unusable } from "../http-message.ts";
import { isSecretName, type Redactor } from "./redactor.ts";

const INFLATED_MAX_BYTES = 256 * 2 ** 20;

interface Coding {
  undo(bytes: Buffer): Buffer;
  redo(bytes: Buffer): Buffer;
}

const LIMIT = { maxOutputLength: INFLATED_MAX_BYTES };
const GZIP: Coding = {
  undo: (bytes) => gunzipSync(bytes, LIMIT),
  redo: (bytes) => gzipSync(bytes),
};
const CODINGS: Record<string, Coding> = {
  gzip: GZIP,
  "x-gzip": GZIP,
  deflate: {
    undo: (bytes) => inflateSync(bytes, LIMIT),
    redo: (bytes) => deflateSync(bytes),
  },
  br: {
    undo: (bytes) => brotliDecompressSync(bytes, LIMIT),
    redo: (bytes) => brotliCompressSync(bytes),
  },
};

/** One part of a multipart body: its head up to the empty line, and its content. */
const PART = /(\r?\n?--[^\r\n]+\r?\n(?:[^\r\n]+\r?\n)+\r?\n)([^]*?)(?=\r?\n--)/g;

function multipart(text: string, redactor: Redactor): string {
  return text.replace(PART, (_whole, head: string, content: string) => {
    const name = /[;\s]name="([^"]*)"/i.exec(head)?.[1] ?? "";
    return head + (isSecretName(name) ? redactor.secret("form", content) : redactor.text(content));
  });
}

function textBody(text: string, type: string, redactor: Redactor): string {
  if (type.includes("multipart/")) return multipart(text, redactor);
  if (/^\s*[{["]/.test(text)) return redactor.json(text);
  const form = type.includes("form-urlencoded") || /^[\w.%[\]+-]+=[^\s<>{}]*$/.test(text);
  if (form) return redactor.pairs(text, "form");
  return /^\s*</.test(text) ? redactor.xml(text) : redactor.text(text);
}

function plainBody(body: Buffer, type: string, redactor: Redactor): Buffer {
  // What is no text is looked at byte by byte: multipart with files in it, and whatever a
  // detector recognises in ASCII. Replacements stay in the characters of one byte.
  const encoding = isUtf8(body) ? "utf8" : "latin1";
  const before = body.toString(encoding);
  const after =
    encoding === "latin1" && !type.includes("multipart/")
      ? redactor.text(before)
      : textBody(before, type, redactor);
  return after === before ? body : Buffer.from(after, encoding);
}

/**
 * Redacts a body by its content type and its look; a compressed one is inflated and compressed
 * again.
 * @throws Unusable when its content coding cannot be undone: what cannot be read cannot be redacted.
 */
export function redactBody(
  body: Buffer,
  headers: { readonly type: string; readonly coding: string },
  redactor: Redactor,
): Buffer {
  const names = headers.coding
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  const codings = names.map((name) => CODINGS[name]);
  let plain = body;
  try {
    for (const coding of codings.toReversed()) {
      if (coding === undefined) throw new Unusable("the content coding is unknown");
      plain = coding.undo(plain);
    }
  } catch (cause) {
    throw new Unusable("the body's content coding could not be undone, so not redacted", { cause });
  }
  const made = plainBody(plain, headers.type.toLowerCase(), redactor);
  if (made === plain) return body;
  return codings.reduce((bytes, coding) => coding?.redo(bytes) ?? bytes, made);
}
