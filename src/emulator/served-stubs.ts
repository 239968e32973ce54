import { dirname, resolve } from "node:path";
import type { HttpSpec } from "./dependency.ts";
import type { Unsupported } from "./foreign/index.ts";
import { withBodyFiles } from "./stub/body-files.ts";

const told = ({ file, what, where }: Unsupported): string => `${file}: ${where}: ${what}`;

/**
 * A dependency with its stubs' body files read, and with the stubs of other tools' files after its
 * own. `warn` is told of each thing in those files that is not supported.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, SCENARIO_INVALID for a file that does not parse
 */
export async function withStubs(
  spec: HttpSpec,
  dir: string,
  warn: (message: string) => void,
): Promise<HttpSpec> {
  if (spec.stubs.length === 0 && spec.import.length === 0) return spec;
  const own = withBodyFiles(spec.stubs, dir);
  if (spec.import.length === 0) return { ...spec, stubs: own };
  const { importStubs } = await import("./foreign/index.ts");
  const foreign = spec.import.flatMap((written) => {
    const path = resolve(dir, written);
    const { stubs, unsupported } = importStubs(path);
    for (const each of unsupported) warn(told(each));
    return withBodyFiles(stubs, dirname(path));
  });
  return { ...spec, stubs: [...own, ...foreign], import: [] };
}
