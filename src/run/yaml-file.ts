import { type Document, isMap, isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { messageOf, ShakedownError } from "../core/index.ts";
import { dataFaults } from "./data-faults.ts";
import { readTextFile } from "./text-file.ts";

/** What is wrong with a file, gathered so that all of it is told at once. */
export interface Faults {
  /** Adds a fault at a place in the text. */
  at(offset: number, message: string): void;
  /** Adds a fault at a path of keys, or at the nearest of its nodes that exists. */
  in(path: readonly PropertyKey[], message: string): void;
  /** @throws SCENARIO_INVALID when there are any. */
  check(): void;
}

export interface YamlFile<Data> {
  readonly text: string;
  /** As the file says it. */
  readonly written: unknown;
  /** As the schema read it. */
  readonly data: Data;
  /** For faults that a schema cannot see. */
  readonly faults: Faults;
}

/** Where a path of keys stands in the text: the nearest node that exists, the key rather than the value. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const keys = path.slice(0, depth);
    const parent = depth === 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isNode(item.key) && String(item.key) === String(keys.at(-1)),
      );
      if (pair !== undefined && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(keys, true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function faultsOf(
  path: string,
  document: Document,
  lineCounter: LineCounter,
  faults: string[] = [],
): Faults {
  const at = (offset: number, message: string): void => {
    const { line, col } = lineCounter.linePos(offset);
    faults.push(`${path}:${Math.max(line, 1)}:${Math.max(col, 1)} ${message}`);
  };
  return {
    at,
    in: (keys, message) => {
      const where = keys.length === 0 ? "" : `${keys.map(String).join(".")}: `;
      at(offsetOf(document, keys), `${where}${message}`);
    },
    check: () => {
      if (faults.length === 0) return;
      throw new ShakedownError("SCENARIO_INVALID", faults.join("\n"), {
        hint: "the README's “Write a scenario” and “Dependencies” name every field; `shakedown schema` prints the JSON Schema for your editor",
      });
    },
  };
}

/** For faults of a file that was read before; `told` has them, each with its line and column. */
export function faultsIn(
  path: string,
  text: string,
): Faults & { readonly told: readonly string[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const told: string[] = [];
  return { ...faultsOf(path, document, lineCounter, told), told };
}

/** What the YAML says; a fault, and null, where aliases point nowhere or multiply without end. */
function dataOf(document: Document, faults: Faults): unknown {
  try {
    return document.toJS();
  } catch (thrown) {
    faults.at(0, messageOf(thrown));
    return null;
  }
}

/**
 * Reads a YAML file that a person named, and checks it with the schema that is chosen for what it
 * says. Every fault is named with its line and column.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, SCENARIO_INVALID
 */
export function readYamlFile<Schema extends z.ZodType>(
  path: string,
  named: { readonly what: string; readonly hint: string },
  schemaFor: (written: unknown) => Schema,
): YamlFile<z.output<Schema>> {
  const text = readTextFile(path, named);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const faults = faultsOf(path, document, lineCounter);
  for (const error of document.errors) faults.at(error.pos[0], error.message);
  faults.check();
  const written = dataOf(document, faults);
  faults.check();
  const schema = schemaFor(written);
  const parsed = schema.safeParse(written);
  if (!parsed.success) {
    const given = { data: written, what: `a ${named.what}` };
    for (const fault of dataFaults(schema, parsed.error.issues, given)) {
      faults.in(fault.path, fault.message);
    }
  }
  faults.check();
  return { text, written, data: parsed.data as z.output<Schema>, faults };
}
