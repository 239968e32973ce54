import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf, ShakedownError } from "../../core/index.ts";
import type { StubSpec } from "./schema.ts";

/**
 * The specs with the files that they name read in, so that they can go to another thread.
 * @throws FILE_NOT_FOUND when a body's file cannot be read
 */
export function withBodyFiles(specs: readonly StubSpec[], folder: string): StubSpec[] {
  const read = (response: NonNullable<StubSpec["response"]>): typeof response => {
    const { bodyFile, ...rest } = response;
    if (bodyFile === undefined) return response;
    const path = resolve(folder, bodyFile);
    try {
      const bytes = readFileSync(path);
      if (rest.template !== false) return { ...rest, body: bytes.toString("utf8") };
      return { ...rest, base64: bytes.toString("base64") };
    } catch (thrown) {
      throw new ShakedownError("FILE_NOT_FOUND", `bodyFile ${path}: ${messageOf(thrown)}`, {
        hint: "a bodyFile is relative to the file that names it",
        cause: thrown,
      });
    }
  };
  return specs.map(({ response, sequence, ...rest }) => ({
    ...rest,
    ...(response === undefined ? {} : { response: read(response) }),
    ...(sequence === undefined ? {} : { sequence: sequence.map(read) }),
  }));
}
