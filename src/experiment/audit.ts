import { appendFileSync } from "node:fs";
import { canonicalJson, sha256Hex } from "../core/index.ts";

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

  /** Written at once, synchronously: an entry that returned is on its way to the disk. */
  append(event: string, detail: Readonly<Record<string, unknown>> = {}): AuditEntry {
    const content = { at: this.#nowIso(), event, detail, previous: this.#last };
    const entry = { ...content, sha256: sha256Hex(canonicalJson(content)) };
    appendFileSync(this.path, `${JSON.stringify(entry)}\n`);
    this.#last = entry.sha256;
    return entry;
  }
}

/** The first line (from 1) at which a chain is broken, or null when it is whole. */
export function brokenAuditLine(text: string): number | null {
  let last = FIRST;
  for (const [index, line] of text.split("\n").filter(Boolean).entries()) {
    try {
      const { sha256, ...content } = JSON.parse(line) as AuditEntry;
      if (content.previous !== last || sha256 !== sha256Hex(canonicalJson(content)))
        return index + 1;
      last = sha256;
    } catch {
      return index + 1;
    }
  }
  return null;
}
