import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StubInput, StubSpec } from "../stub/index.ts";
import {
  asText,
  type Fields,
  fieldsOf,
  given,
  type Imported,
  isFields,
  Notes,
  textField,
} from "./model.ts";
import { NotTold } from "./not-told.ts";
import { listIn } from "./typed.ts";
import { wiremockMatcher, wiremockMatchers } from "./wiremock-matcher.ts";
import { multipartOf } from "./wiremock-multipart.ts";
import { wiremockAnswer } from "./wiremock-response.ts";

const TOP = [
  "id",
  "uuid",
  "name",
  "priority",
  "persistent",
  "metadata",
  "scenarioName",
  "requiredScenarioState",
  "newScenarioState",
  "request",
  "response",
  "insertionIndex",
];
/** Of the address that is asked: a dependency has one of its own. */
const ADDRESS = ["scheme", "host", "port"] as const;
const REQUEST = new Set([
  "method",
  "url",
  "urlPattern",
  "urlPath",
  "urlPathPattern",
  "urlPathTemplate",
  "pathParameters",
  "queryParameters",
  "headers",
  "cookies",
  "bodyPatterns",
  "multipartPatterns",
  "formParameters",
  "basicAuthCredentials",
  ...ADDRESS,
]);

/** @throws NotTold for all methods but some */
function methodsOf(method: unknown, where: string): string | string[] {
  if (typeof method === "string") return method;
  const { oneOf, ...other } = fieldsOf(method);
  if (Array.isArray(oneOf) && oneOf.length > 0 && Object.keys(other).length === 0) {
    return oneOf.map(asText);
  }
  throw new NotTold(`${where}: only one method, or oneOf, is supported`);
}

/** @throws NotTold: a condition that is left out would answer calls that are not meant */
function requestOf(
  request: Fields,
  where: string,
  notes: Notes,
): NonNullable<StubInput["request"]> {
  const other = Object.keys(request).filter((name) => !REQUEST.has(name));
  if (other.length > 0) throw new NotTold(`${where}: ${other.join(", ")} is not supported`);
  for (const name of ADDRESS) {
    if (request[name] !== undefined) notes.add(`${where}.${name}`, "not looked at: one dependency");
  }
  const { basicAuthCredentials, bodyPatterns, method } = request;
  const named = (part: string) => wiremockMatchers(request[part], `${where}.${part}`, notes);
  const headers = named("headers");
  if (isFields(basicAuthCredentials)) {
    const { password, username } = basicAuthCredentials;
    const token = Buffer.from(`${String(username)}:${String(password)}`).toString("base64");
    headers["authorization"] = { equalTo: `Basic ${token}` };
  }
  return {
    ...(method === undefined ? {} : { method: methodsOf(method, `${where}.method`) }),
    ...given({
      url: textField(request, "url"),
      urlPattern: textField(request, "urlPattern"),
      path: textField(request, "urlPath"),
      pathPattern: textField(request, "urlPathPattern"),
      pathTemplate: textField(request, "urlPathTemplate"),
    }),
    pathParameters: named("pathParameters"),
    query: named("queryParameters"),
    form: named("formParameters"),
    cookies: named("cookies"),
    headers,
    multipart: multipartOf(request["multipartPatterns"], `${where}.multipartPatterns`, notes),
    body: listIn(bodyPatterns, `${where}.bodyPatterns`).map((each, index) =>
      wiremockMatcher(each, `${where}.bodyPatterns[${index}]`, notes),
    ),
  };
}

function stubOf(
  mapping: Fields,
  where: string,
  filesFolder: string,
  notes: Notes,
): StubSpec | null {
  const at = (part: string): string => (where === "" ? part : `${where}.${part}`);
  notes.unknown(mapping, TOP, where);
  try {
    const input: StubInput = {
      ...given({
        name: textField(mapping, "name"),
        priority: mapping["priority"] as number | undefined,
        scenario: textField(mapping, "scenarioName"),
        whenState: textField(mapping, "requiredScenarioState"),
        thenState: textField(mapping, "newScenarioState"),
      }),
      request: requestOf(fieldsOf(mapping["request"]), at("request"), notes),
      ...wiremockAnswer(fieldsOf(mapping["response"]), at("response"), notes, filesFolder),
    };
    return notes.stub(input, where);
  } catch (thrown) {
    if (!(thrown instanceof NotTold)) throw thrown;
    notes.add(where, `left out: ${thrown.message}`);
    return null;
  }
}

/** Whether a file's content is WireMock's. */
export const isWiremock = (content: unknown): boolean =>
  isFields(content) &&
  (Array.isArray(content["mappings"]) ||
    (isFields(content["request"]) && isFields(content["response"])));

/** The mappings of one file; `__files` is looked for beside its folder, or in it. */
export function wiremockStubs(file: string, content: unknown): Imported {
  const notes = new Notes(file);
  const fields = fieldsOf(content);
  const list = fields["mappings"];
  const folder = dirname(file);
  const filesFolder =
    [join(folder, "__files"), join(folder, "..", "__files")].find((each) => existsSync(each)) ??
    join(folder, "__files");
  const stubs = Array.isArray(list)
    ? list.map((mapping, index) =>
        stubOf(fieldsOf(mapping), `mappings[${index}]`, filesFolder, notes),
      )
    : [stubOf(fields, "", filesFolder, notes)];
  // Of equals, WireMock answers with the mapping that came last.
  return {
    stubs: stubs.filter((stub) => stub !== null).toReversed(),
    unsupported: notes.unsupported,
  };
}

/** A WireMock folder's mapping files, in the order in which WireMock reads them. */
export function mappingFiles(folder: string): string[] {
  const root = existsSync(join(folder, "mappings")) ? join(folder, "mappings") : folder;
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json") && !name.startsWith("__files"))
    .toSorted()
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isFile());
}
