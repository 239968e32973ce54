import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { messageOf, ShakedownError } from "../../core/index.ts";

/**
 * What a JSON or YAML file holds.
 * @throws FILE_UNREADABLE
 * @throws SCENARIO_INVALID naming file, line and column when it does not parse
 */
export function readStructure(path: string): unknown {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    throw new ShakedownError("FILE_UNREADABLE", `${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { col, line } = lineCounter.linePos(error.pos[0]);
    throw new ShakedownError("SCENARIO_INVALID", `${path}:${line}:${col}: ${error.message}`, {
      hint: "correct the file at that place",
    });
  }
  // Plain objects, aliases resolved; a file that multiplies itself by aliases is refused.
  return document.toJS({ maxAliasCount: 1000 }) as unknown;
}
