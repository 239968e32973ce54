import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The kept text of a file under test/golden/report, to compare `text` with. With UPDATE_GOLDEN=1
 * the file is written first: look at what changed before it is kept.
 */
export function golden(name: string, text: string): string {
  const path = fileURLToPath(new URL(`../golden/report/${name}`, import.meta.url));
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return readFileSync(path, "utf8");
}
