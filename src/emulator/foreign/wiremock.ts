import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Matcher, StubInput, StubSpec } from "../stub/index.ts";
import {
  answerHeaders,
  asText,
  type Fields,
  fieldsOf,
  type Imported,
  isFields,
  Notes,
} from "./model.ts";
import { NotTold } from "./not-told.ts";
import { wiremockMatcher } from "./wiremock-matcher.ts";

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
  "formParameters",
  "basicAuthCredentials",
  ...ADDRESS,
]);
const RESPONSE = [
  "status",
  "headers",
  "body",
  "jsonBody",
  "base64Body",
  "bodyFileName",
  "fixedDelayMilliseconds",
  "delayDistribution",
  "chunkedDribbleDelay",
  "fault",
  "transformers",
  "transformerParameters",
  "proxyBaseUrl",
  "proxyUrlPrefixToRemove",
  "additionalProxyRequestHeaders",
  "removeProxyRequestHeaders",
];

type ResponseInput = NonNullable<StubInput["response"]>;

const FAULTS: Readonly<Record<string, NonNullable<StubInput["fault"]>>> = {
  EMPTY_RESPONSE: "empty",
  CONNECTION_RESET_BY_PEER: "reset",
  MALFORMED_RESPONSE_CHUNK: "malformed-chunk",
  RANDOM_DATA_THEN_CLOSE: "garbage",
};

const text = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return value === undefined || value === null ? undefined : asText(value);
};

function matchersOf(value: unknown, where: string, notes: Notes): Record<string, Matcher> {
  return Object.fromEntries(
    Object.entries(fieldsOf(value)).map(([name, matcher]) => [
      name,
      wiremockMatcher(matcher, `${where}.${name}`, notes),
    ]),
  );
}

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
  const headers = matchersOf(request["headers"], `${where}.headers`, notes);
  if (isFields(basicAuthCredentials)) {
    const { password, username } = basicAuthCredentials;
    const token = Buffer.from(`${String(username)}:${String(password)}`).toString("base64");
    headers["authorization"] = { equalTo: `Basic ${token}` };
  }
  const named = (part: string) => matchersOf(request[part], `${where}.${part}`, notes);
  return {
    ...(method === undefined ? {} : { method: methodsOf(method, `${where}.method`) }),
    ...pick({
      url: text(request, "url"),
      urlPattern: text(request, "urlPattern"),
      path: text(request, "urlPath"),
      pathPattern: text(request, "urlPathPattern"),
      pathTemplate: text(request, "urlPathTemplate"),
    }),
    pathParameters: named("pathParameters"),
    query: named("queryParameters"),
    form: named("formParameters"),
    cookies: named("cookies"),
    headers,
    body: (Array.isArray(bodyPatterns) ? bodyPatterns : []).map((each: unknown, index) =>
      wiremockMatcher(each, `${where}.bodyPatterns[${index}]`, notes),
    ),
  };
}

type Given<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };
/** Without what is undefined. */
function pick<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<T>;
}

function latencyOf(response: Fields, where: string, notes: Notes): StubInput["latency"] {
  const distribution = response["delayDistribution"];
  const fixedMs = Number(response["fixedDelayMilliseconds"] ?? 0);
  if (fixedMs > 0 && isFields(response["chunkedDribbleDelay"])) {
    const what = "beside fixedDelayMilliseconds: the head and the chunks begin after that delay";
    notes.add(`${where}.chunkedDribbleDelay`, what);
  }
  if (!isFields(distribution)) {
    return fixedMs > 0 ? { kind: "constant", value: `${fixedMs}ms` } : undefined;
  }
  if (fixedMs > 0)
    notes.add(`${where}.fixedDelayMilliseconds`, "left out beside delayDistribution");
  const ms = (name: string): string => `${Number(distribution[name])}ms`;
  switch (distribution["type"]) {
    case "lognormal":
      if (distribution["maxValue"] !== undefined) {
        notes.add(`${where}.delayDistribution.maxValue`, "left out: some delays are longer");
      }
      return { kind: "lognormal", median: ms("median"), sigma: Number(distribution["sigma"]) };
    case "uniform":
      return { kind: "uniform", min: ms("lower"), max: ms("upper") };
    case "fixed":
      return { kind: "constant", value: ms("milliseconds") };
    default:
      notes.add(`${where}.delayDistribution`, `${asText(distribution["type"])} is not supported`);
      return undefined;
  }
}

function transferOf(response: Fields): StubInput["transfer"] {
  const dribble = response["chunkedDribbleDelay"];
  if (!isFields(dribble)) return undefined;
  const chunks = Number(dribble["numberOfChunks"]);
  return { chunks, chunkGap: `${Number(dribble["totalDuration"]) / chunks}ms` };
}

function bodyOf(response: Fields, template: boolean, filesFolder: string) {
  const { base64Body, body, bodyFileName, jsonBody } = response;
  if (body !== undefined) return { body: asText(body) };
  if (jsonBody !== undefined) return { body: JSON.stringify(jsonBody) };
  if (base64Body !== undefined) return { base64: asText(base64Body) };
  if (bodyFileName === undefined) return {};
  const path = join(filesFolder, asText(bodyFileName));
  if (!existsSync(path)) throw new NotTold(`response.bodyFileName: ${path} does not exist`);
  const bytes = readFileSync(path);
  return template ? { body: bytes.toString("utf8") } : { base64: bytes.toString("base64") };
}

/** @throws NotTold for an address that is made from the call */
function proxyOf(response: Fields, where: string, notes: Notes): ResponseInput["proxy"] {
  const to = text(response, "proxyBaseUrl");
  if (to === undefined) return undefined;
  if (to.includes("{{")) throw new NotTold(`${where}.proxyBaseUrl: a template is not supported`);
  const added = fieldsOf(response["additionalProxyRequestHeaders"]);
  const removed = response["removeProxyRequestHeaders"];
  return {
    to,
    headers: answerHeaders(added, `${where}.additionalProxyRequestHeaders`, notes),
    removeHeaders: (Array.isArray(removed) ? removed : []).map(asText),
    removePrefix: text(response, "proxyUrlPrefixToRemove") ?? "",
  };
}

function responseOf(
  response: Fields,
  where: string,
  notes: Notes,
  filesFolder: string,
): ResponseInput {
  const headers = answerHeaders(fieldsOf(response["headers"]), `${where}.headers`, notes);
  const proxy = proxyOf(response, where, notes);
  // Of a proxy, WireMock looks at the headers alone.
  if (proxy !== undefined) return { headers, proxy };
  const transformers = Array.isArray(response["transformers"]) ? response["transformers"] : [];
  const template = transformers.includes("response-template");
  for (const other of transformers.filter((each) => each !== "response-template")) {
    notes.add(`${where}.transformers`, `${String(other)} is not supported`);
  }
  const status = Number(response["status"] ?? 200);
  const parameters = fieldsOf(response["transformerParameters"]) as ResponseInput["parameters"];
  return { status, headers, template, parameters, ...bodyOf(response, template, filesFolder) };
}

function stubOf(
  mapping: Fields,
  where: string,
  filesFolder: string,
  notes: Notes,
): StubSpec | null {
  const at = (part: string): string => (where === "" ? part : `${where}.${part}`);
  notes.unknown(mapping, TOP, where);
  const response = fieldsOf(mapping["response"]);
  notes.unknown(response, RESPONSE, at("response"));
  const fault = response["proxyBaseUrl"] === undefined ? text(response, "fault") : undefined;
  if (fault !== undefined && FAULTS[fault] === undefined) {
    notes.add(at("response.fault"), `${fault} is not supported`);
  }
  try {
    const input: StubInput = {
      ...pick({
        name: text(mapping, "name"),
        priority: mapping["priority"] as number | undefined,
        scenario: text(mapping, "scenarioName"),
        whenState: text(mapping, "requiredScenarioState"),
        thenState: text(mapping, "newScenarioState"),
        latency: latencyOf(response, at("response"), notes),
        transfer: transferOf(response),
        fault: fault === undefined ? undefined : FAULTS[fault],
      }),
      request: requestOf(fieldsOf(mapping["request"]), at("request"), notes),
      response: responseOf(response, at("response"), notes, filesFolder),
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
