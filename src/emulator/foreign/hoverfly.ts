import { dirname, resolve } from "node:path";
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

const REQUEST = new Set(["path", "method", "query", "headers", "body", "destination", "scheme"]);
const RESPONSE =
  "status body bodyFile encodedBody headers templated fixedDelay logNormalDelay transitionsState removesState".split(
    " ",
  );

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** @throws NotTold for a matcher that there is not */
function matcherOf(value: unknown, where: string): Matcher {
  const { config, doMatch, matcher = "exact", value: operand } = fieldsOf(value);
  const extra = [config, doMatch].some((each) => each !== undefined && each !== null);
  if (extra) throw new NotTold(`${where}: config and doMatch are not supported`);
  const text = asText(operand);
  switch (matcher) {
    case "exact":
      return { equalTo: text };
    case "glob":
      return { matches: text.split("*").map(escaped).join(".*") };
    case "regex":
      // Hoverfly looks for the pattern anywhere in the text.
      return { matches: `.*(?:${text}).*` };
    case "json":
      return { equalToJson: JSON.parse(text) as never };
    case "jsonPartial":
    case "jsonpartial":
      return { equalToJson: JSON.parse(text) as never, ignoreExtraElements: true };
    case "jsonPath":
    case "jsonpath":
      return { matchesJsonPath: text };
    default:
      throw new NotTold(`${where}: matcher ${asText(matcher)} is not supported`);
  }
}

const allOf = (values: unknown, where: string): Matcher[] =>
  (Array.isArray(values) ? values : []).map((each: unknown) => matcherOf(each, where));

function namedOf(values: unknown, where: string): Record<string, Matcher> {
  return Object.fromEntries(
    Object.entries(fieldsOf(values)).map(([name, each]) => [
      name,
      { and: allOf(each, `${where}.${name}`) },
    ]),
  );
}

function pathOf(values: unknown, where: string): NonNullable<StubInput["request"]> {
  const matchers = allOf(values, where);
  const [matcher] = matchers;
  if (matcher === undefined) return {};
  if (matchers.length > 1) throw new NotTold(`${where}: several matchers are not supported`);
  if ("equalTo" in matcher) return { path: matcher.equalTo };
  if ("matches" in matcher) return { pathPattern: matcher.matches };
  throw new NotTold(`${where}: a path is exact, glob or regex`);
}

function requestOf(request: Fields, where: string, notes: Notes): StubInput["request"] {
  const other = Object.keys(request).filter((name) => !REQUEST.has(name));
  if (other.length > 0) throw new NotTold(`${where}: ${other.join(", ")} is not supported`);
  for (const name of ["destination", "scheme"]) {
    if (request[name] !== undefined) notes.add(`${where}.${name}`, "not looked at: one dependency");
  }
  const methods = allOf(request["method"], `${where}.method`).map((each) => {
    if ("equalTo" in each) return each.equalTo;
    throw new NotTold(`${where}.method: only exact is supported`);
  });
  if (methods.length > 1) throw new NotTold(`${where}.method: several matchers`);
  return {
    ...(methods.length === 0 ? {} : { method: methods }),
    ...pathOf(request["path"], `${where}.path`),
    query: namedOf(request["query"], `${where}.query`),
    headers: namedOf(request["headers"], `${where}.headers`),
    body: allOf(request["body"], `${where}.body`),
  };
}

function latencyOf(response: Fields, where: string, notes: Notes): StubInput["latency"] {
  const { fixedDelay, logNormalDelay } = response;
  if (isFields(logNormalDelay)) {
    const [mean, median] = [Number(logNormalDelay["mean"]), Number(logNormalDelay["median"])];
    notes.add(`${where}.logNormalDelay`, "min and max are left out");
    // The mean of a lognormal is median · exp(sigma² / 2).
    const sigma = Math.sqrt(2 * Math.max(0, Math.log(mean / median)));
    return { kind: "lognormal", median: `${median}ms`, sigma };
  }
  return Number(fixedDelay ?? 0) > 0
    ? { kind: "constant", value: `${Number(fixedDelay)}ms` }
    : undefined;
}

function responseOf(
  response: Fields,
  where: string,
  notes: Notes,
  folder: string,
): StubInput["response"] {
  const moves = ["transitionsState", "removesState"].filter((name) => {
    const value = response[name];
    return Array.isArray(value) ? value.length > 0 : Object.keys(fieldsOf(value)).length > 0;
  });
  if (moves.length > 0) throw new NotTold(`${where}: ${moves.join(", ")} is not supported`);
  notes.unknown(response, RESPONSE, where);
  if (response["templated"] === true) {
    throw new NotTold(`${where}.templated: Hoverfly's templates are not supported`);
  }
  const headers = answerHeaders(fieldsOf(response["headers"]), `${where}.headers`, notes);
  const { body, bodyFile, encodedBody, status } = response;
  const text = asText(body ?? "");
  const content = encodedBody === true ? { base64: text } : { body: text };
  return {
    status: Number(status ?? 200),
    headers,
    ...(typeof bodyFile === "string" && bodyFile !== ""
      ? { bodyFile: resolve(folder, bodyFile) }
      : content),
  };
}

function stubOf(pair: Fields, where: string, notes: Notes, folder: string): StubSpec | null {
  const response = fieldsOf(pair["response"]);
  notes.unknown(pair, ["request", "response", "labels"], where);
  try {
    const latency = latencyOf(response, `${where}.response`, notes);
    return notes.stub(
      {
        request: requestOf(fieldsOf(pair["request"]), `${where}.request`, notes),
        response: responseOf(response, `${where}.response`, notes, folder),
        ...(latency === undefined ? {} : { latency }),
      },
      where,
    );
  } catch (thrown) {
    if (!(thrown instanceof NotTold || thrown instanceof SyntaxError)) throw thrown;
    notes.add(where, `left out: ${thrown.message}`);
    return null;
  }
}

/** Whether a file's content is a Hoverfly simulation of schema v5. */
export const isHoverfly = (content: unknown): boolean =>
  isFields(content) && Array.isArray(fieldsOf(content["data"])["pairs"]);

/** The pairs of a simulation, of which the first that matches answers. */
export function hoverflyStubs(file: string, content: unknown): Imported {
  const notes = new Notes(file);
  const data = fieldsOf(fieldsOf(content)["data"]);
  const version = asText(fieldsOf(fieldsOf(content)["meta"])["schemaVersion"] ?? "");
  if (!version.startsWith("v5")) notes.add("meta.schemaVersion", `is ${version}; read as v5`);
  const actions = fieldsOf(data["globalActions"]);
  for (const name of ["delays", "delaysLogNormal"]) {
    const delays = actions[name];
    if (Array.isArray(delays) && delays.length > 0) {
      notes.add(`data.globalActions.${name}`, "not supported");
    }
  }
  const pairs = (Array.isArray(data["pairs"]) ? data["pairs"] : []) as unknown[];
  if (pairs.length > 1) {
    notes.add("data.pairs", "of several that match, the first answers, not the strongest match");
  }
  const stubs = pairs.map((pair, index) =>
    stubOf(fieldsOf(pair), `data.pairs[${index}]`, notes, dirname(file)),
  );
  return { stubs: stubs.filter((stub) => stub !== null), unsupported: notes.unsupported };
}
