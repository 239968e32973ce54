import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isMap, isNode, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { messageOf, ShakedownError, systemCodeOf } from "../core/index.ts";
import { type Scenario, scenarioSchema } from "./scenario.ts";

/** A scenario with where it came from. `text` is the file as it was read. */
export interface LoadedScenario {
  readonly path: string;
  readonly dir: string;
  readonly text: string;
  readonly scenario: Scenario;
  /** The profile's path, resolved. */
  readonly profilePath: string;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const missing = systemCodeOf(cause) === "ENOENT";
    throw new ShakedownError(
      missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
      missing ? `there is no scenario ${path}` : `cannot read ${path}: ${messageOf(cause)}`,
      { hint: "name a scenario file, such as scenarios/payment-pool.yaml", cause },
    );
  }
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

/** The issues that help: inside a union, those of the branch that came closest. */
function* leaves(
  issue: z.core.$ZodIssue,
  above: readonly PropertyKey[],
): Generator<[PropertyKey[], string]> {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const closest = issue.errors.toSorted((a, b) => a.length - b.length)[0] ?? [];
    for (const inner of closest) yield* leaves(inner, path);
    return;
  }
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) yield [[...path, key], `there is no field \`${key}\` here`];
    return;
  }
  yield [path, issue.message];
}

/**
 * Reads and checks a scenario. Every fault is named with its line and column.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, SCENARIO_INVALID
 */
export function loadScenario(path: string): LoadedScenario {
  const text = readText(path);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const faults: string[] = [];
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  for (const error of document.errors) faults.push(`${at(error.pos[0])} ${error.message}`);
  const parsed = faults.length === 0 ? scenarioSchema.safeParse(document.toJS()) : undefined;
  if (parsed?.success === false) {
    for (const issue of parsed.error.issues) {
      for (const [keys, message] of leaves(issue, [])) {
        const where = keys.length === 0 ? "" : `${keys.map(String).join(".")}: `;
        faults.push(`${at(offsetOf(document, keys))} ${where}${message}`);
      }
    }
  }
  if (parsed?.success !== true) {
    throw new ShakedownError("SCENARIO_INVALID", faults.join("\n"), {
      hint: "the README's “A scenario” names every field; `shakedown schema` prints the JSON Schema for your editor",
    });
  }
  const dir = dirname(resolve(path));
  checkReferences(parsed.data, (keys) => at(offsetOf(document, keys)));
  return { path, dir, text, scenario: parsed.data, profilePath: resolve(dir, parsed.data.profile) };
}

/** What the schema cannot say: that metrics name dependencies that exist, that a stage outlasts its settling. */
function checkReferences(scenario: Scenario, at: (keys: readonly PropertyKey[]) => string): void {
  const faults: string[] = [];
  const known = Object.keys(scenario.dependencies);
  for (const role of ["secondary", "guardrails"] as const) {
    for (const [index, { dependency }] of scenario[role].entries()) {
      if (dependency === undefined || known.includes(dependency)) continue;
      const where = at([role, index, "dependency"]);
      faults.push(`${where} ${role}.${index}: there is no dependency \`${dependency}\``);
    }
  }
  for (const [index, stage] of scenario.stages.entries()) {
    if (!stage.judge || stage.settle < stage.for) continue;
    faults.push(
      `${at(["stages", index, "settle"])} stages.${index}: settles for as long as it lasts`,
    );
  }
  if (!scenario.stages.some((stage) => stage.judge)) {
    faults.push(`${at(["stages"])} stages: none is judged, so there is nothing to decide on`);
  }
  for (const [dependency, spec] of Object.entries(scenario.dependencies)) {
    for (const arm of Object.keys(spec.ports ?? {})) {
      if (arm in scenario.arms) continue;
      faults.push(
        `${at(["dependencies", dependency, "ports", arm])} ports: there is no arm \`${arm}\``,
      );
    }
  }
  if (faults.length > 0) throw new ShakedownError("SCENARIO_INVALID", faults.join("\n"));
}
