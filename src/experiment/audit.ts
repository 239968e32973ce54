import { isUtf8 } from "node:buffer";
import { appendFileSync, readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { canonicalJson, messageOf, sha256Hex, ShakedownError } from "../core/index.ts";

/** One entry of the audit trail: what was decided, when, and the hash that chains it to the last. */
export interface AuditEntry {
  readonly at: string;
  readonly event: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly previous: string;
  readonly sha256: string;
}

/** Where a trail is broken: the line, from 1, and what is wrong with it, as far as it can be told. */
export interface AuditBreak {
  readonly line: number;
  readonly summary: string;
}

/** A trail as it was read: the entries up to where it is broken, if it is. */
export interface AuditTrail {
  readonly entries: readonly AuditEntry[];
  readonly broken: AuditBreak | null;
}

const FIRST = "0".repeat(64);

/** 0 of what is no file. */
function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? found.size : 0;
}

/**
 * An append-only, hash-chained log, one JSON object a line: each entry's hash covers its content
 * and the hash before it, so that nothing can be changed, taken out or put in unseen.
 */
export class AuditLog {
  readonly path: string;
  readonly #nowIso: () => string;
  #last = FIRST;
  #count = 0;
  /** How long the file is as far as this log knows. */
  #bytes: number;

  constructor(path: string, nowIso: () => string) {
    this.path = path;
    this.#nowIso = nowIso;
    this.#bytes = sizeOf(path);
  }

  /** Goes on with a log that is there. @throws RUN_INVALID when it cannot be read, or is broken */
  static resume(path: string, nowIso: () => string): AuditLog {
    const { broken, entries } = readAuditFile(path);
    if (broken !== null) {
      const message = `${path} is broken at line ${broken.line}: ${broken.summary}`;
      throw new ShakedownError("RUN_INVALID", message, {
        hint: "what is added to it would not be worth anything; `shakedown verify` says more",
      });
    }
    const log = new AuditLog(path, nowIso);
    log.#last = entries.at(-1)?.sha256 ?? FIRST;
    log.#count = entries.length;
    return log;
  }

  /**
   * Written at once, synchronously: an entry that returned is on its way to the disk. Where another
   * process has gone on with it meanwhile, since this one was taken for dead, nothing is added: the
   * chain would be broken.
   * @throws DISK_WRITE_FAILED, RUN_LED
   */
  append(event: string, detail: Readonly<Record<string, unknown>> = {}): AuditEntry {
    if (sizeOf(this.path) > this.#bytes) {
      const run = basename(dirname(this.path));
      throw new ShakedownError(
        "RUN_LED",
        `another process leads run ${run}: it wrote to ${this.path}`,
      );
    }
    const content = { at: this.#nowIso(), event, detail, previous: this.#last };
    const entry = { ...content, sha256: sha256Hex(canonicalJson(content)) };
    try {
      appendFileSync(this.path, `${JSON.stringify(entry)}\n`);
    } catch (cause) {
      const message = `cannot write ${this.path}: ${messageOf(cause)}`;
      throw new ShakedownError("DISK_WRITE_FAILED", message, { cause });
    } finally {
      this.#bytes = sizeOf(this.path);
    }
    this.#last = entry.sha256;
    this.#count++;
    return entry;
  }

  /**
   * An entry that may be the last one: its detail says how many entries there are with it. A trail
   * that ends with any other was cut off.
   * @throws DISK_WRITE_FAILED
   */
  appendLast(event: string, detail: Readonly<Record<string, unknown>>): AuditEntry {
    return this.append(event, { ...detail, entries: this.#count + 1 });
  }
}

/** Whether an entry says of itself that the trail may end with it. */
export const mayBeLast = (entry: AuditEntry | undefined): boolean =>
  entry?.detail["entries"] !== undefined;

/** @throws RUN_INVALID when it cannot be read */
export function readAuditFile(path: string): AuditTrail {
  try {
    return readAudit(readFileSync(path));
  } catch (cause) {
    throw new ShakedownError("RUN_INVALID", `cannot read ${path}: ${messageOf(cause)}`, {
      hint: "name a run directory, such as runs/20260101T120000Z-payment-pool-cut-1a2b3c",
      cause,
    });
  }
}

/**
 * Reads a trail up to the first line at which it is broken. Every byte counts. Lines cut off the
 * end leave a whole, shorter trail: see `mayBeLast`.
 */
export function readAudit(bytes: Buffer): AuditTrail {
  const entries: AuditEntry[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from);
    const line = bytes.subarray(from, end < 0 ? bytes.length : end);
    const checked = end < 0 ? "it does not end with a line feed" : checkedEntry(line, entries);
    if (typeof checked === "string") {
      return { entries, broken: { line: entries.length + 1, summary: checked } };
    }
    entries.push(checked);
    from = end + 1;
  }
  return { entries, broken: null };
}

/** The entry of a line, or what is wrong with it. */
function checkedEntry(bytes: Buffer, before: readonly AuditEntry[]): AuditEntry | string {
  const line = bytes.toString("utf8");
  const entry = isUtf8(bytes) ? parsedEntry(line) : null;
  if (entry === null) return "it is not an entry";
  if (JSON.stringify(entry) !== line) return "it is not written as it was";
  const { sha256, ...content } = entry;
  const chained = content.previous === (before.at(-1)?.sha256 ?? FIRST);
  if (sha256 !== sha256Hex(canonicalJson(content))) {
    return chained
      ? `its content and its hash do not fit: “${entry.event}” was changed`
      : "its hash, or the hash before, was changed";
  }
  if (!chained) return "it does not follow the line before: one was taken out, put in or moved";
  const { entries: counted } = entry.detail;
  if (counted === undefined || counted === before.length + 1) return entry;
  return `it says that it is entry ${JSON.stringify(counted)}`;
}

function parsedEntry(line: string): AuditEntry | null {
  try {
    const entry = JSON.parse(line) as Partial<AuditEntry> | null;
    const { at, detail, event, previous, sha256 } = entry ?? {};
    const texts = [at, event, previous, sha256].every((text) => typeof text === "string");
    return texts && typeof detail === "object" && detail !== null ? (entry as AuditEntry) : null;
  } catch {
    return null;
  }
}

/** The first line (from 1) at which a chain is broken, or null when it is whole. */
export function brokenAuditLine(text: string): number | null {
  return readAudit(Buffer.from(text)).broken?.line ?? null;
}
