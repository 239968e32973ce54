import { existsSync, readFileSync } from "node:fs";
import { messageOf } from "../../core/index.ts";
import { NotTold } from "./not-told.ts";

/**
 * What is in a file that a response names; `where`: the field that does.
 * @throws NotTold when it cannot be read
 */
export function bodyFileAt(path: string, where: string): Buffer {
  if (!existsSync(path)) throw new NotTold(`${where}: ${path} does not exist`);
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw new NotTold(`${where}: ${path}: ${messageOf(thrown)}`);
  }
}
