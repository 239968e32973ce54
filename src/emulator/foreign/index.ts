/** Stubs of other tools, in our words. */
import { statSync } from "node:fs";
import { messageOf, ShakedownError } from "../../core/index.ts";
import { hoverflyStubs, isHoverfly } from "./hoverfly.ts";
import type { Imported } from "./model.ts";
import { isOpenapi, openapiStubs } from "./openapi.ts";
import { readStructure } from "./read-file.ts";
import { isWiremock, mappingFiles, wiremockStubs } from "./wiremock.ts";

export type { Imported, Unsupported } from "./model.ts";

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (thrown) {
    throw new ShakedownError("FILE_NOT_FOUND", `${path}: ${messageOf(thrown)}`, {
      hint: "name a WireMock mapping file, or the folder that holds mappings/ and __files/",
      cause: thrown,
    });
  }
}

function importFile(path: string): Imported {
  const content = readStructure(path);
  if (isWiremock(content)) return wiremockStubs(path, content);
  if (isHoverfly(content)) return hoverflyStubs(path, content);
  if (isOpenapi(content)) return openapiStubs(path, content);
  throw new ShakedownError("SCENARIO_INVALID", `${path} holds no stubs that we can read`, {
    hint:
      "give WireMock mappings (request and response, or mappings), " +
      "a Hoverfly simulation (data.pairs) or an OpenAPI document (openapi: 3.0 or 3.1)",
  });
}

/**
 * The stubs of WireMock mapping files, of folders of them, of Hoverfly v5 simulations, and of
 * OpenAPI documents of version 3.0 or 3.1, with the local files that they refer to.
 * Whatever of a file is not supported is named; a mapping that asks what we cannot ask is left out whole, and named.
 * @throws FILE_NOT_FOUND
 * @throws FILE_UNREADABLE
 * @throws SCENARIO_INVALID naming file, line and column when a file does not parse
 */
export function importStubs(paths: string | readonly string[]): Imported {
  const files = [paths].flat().flatMap((path) => (isFolder(path) ? mappingFiles(path) : [path]));
  // As WireMock does: the later file answers before the earlier.
  const imported = files.map(importFile).toReversed();
  return {
    stubs: imported.flatMap(({ stubs }) => stubs),
    unsupported: imported.toReversed().flatMap(({ unsupported }) => unsupported),
  };
}
