import { appendFileSync } from "node:fs";
import { canonicalJson, messageOf, sha256Hex, ShakedownError } from "../core/index.ts";

/** One entry of the audit trail: what was decided, when, and the hash that chains it to the last. */
export interface AuditEntry {
  readonly at: string;
  readonly event: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly previous: string;
  readonly sha256: string;
}

const FIRST = "0".repeat(64);

/**
 * An append-only, hash-chained log, one JSON object a line: each entry's hash covers its content
 * and the hash before it, so that nothing can be changed, taken out or put in unseen.
 */
export class AuditLog {
  readonly path: string;
  readonly #nowIso: () => string;
  #last = FIRST;

  constructor(path: string, nowIso: () => string) {
    this.path = path;
    this.#nowIso = nowIso;
  }

  /**
   * Written at once, synchronously: an entry that returned is on its way to the disk.
   * @throws DISK_WRITE_FAILED
   */
  append(event: string, detail: Readonly<Record<string, unknown>> = {}): AuditEntry {
    const content = { at: this.#nowIso(), event, detail, previous: this.#last };
    const entry = { ...content, sha256: sha256Hex(canonicalJson(content)) };
    try {
      appendFileSync(this.path, `${JSON.stringify(entry)}\n`);
    } catch (cause) {
      const message = `cannot write ${this.path}: ${messageOf(cause)}`;
      throw new ShakedownError("DISK_WRITE_FAILED", message, { cause });
    }
    this.#last = entry.sha256;
    return entry;
  }
}

/**
 * The first line (from 1) at which a chain is broken, or null when it is whole. Every byte counts.
 * Lines cut off the end leave a whole, shorter chain: whoever reads it must know what its last
 * entry should say.
 */
export function brokenAuditLine(text: string): number | null {
  let last = FIRST;
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [index, line] of lines.entries()) {
    try {
      const entry = JSON.parse(line) as AuditEntry;
      const { sha256, ...content } = entry;
      const whole = JSON.stringify(entry) === line && sha256 === sha256Hex(canonicalJson(content));
      if (!whole || content.previous !== last) return index + 1;
      last = sha256;
    } catch {
      return index + 1;
    }
  }
  return null;
}
