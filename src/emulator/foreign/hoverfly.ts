import { dirname } from "node:path";
import type { Matcher, StubInput, StubSpec } from "../stub/index.ts";
import { hoverflyLatency } from "./hoverfly-delays.ts";
import { hoverflyMatcher, hoverflyStrength } from "./hoverfly-matcher.ts";
import { hoverflyResponse, literalsOf } from "./hoverfly-response.ts";
import { hoverflyStates } from "./hoverfly-states.ts";
import { asText, type Fields, fieldsOf, type Imported, isFields, Notes } from "./model.ts";
import { NotTold } from "./not-told.ts";
import { fieldsIn, listIn } from "./typed.ts";

const REQUEST = new Set(
  "path method query headers body destination scheme requiresState".split(" "),
);
const allOf = (values: unknown, where: string): Matcher[] =>
  listIn(values, where).map((each) => hoverflyMatcher(each, where));

function namedOf(values: unknown, where: string): Record<string, Matcher> {
  return Object.fromEntries(
    Object.entries(fieldsIn(values, where)).map(([name, each]) => [
      name,
      { and: allOf(each, `${where}.${name}`) },
    ]),
  );
}

type RequestInput = NonNullable<StubInput["request"]>;

function pathOf(values: unknown, where: string): RequestInput {
  const matchers = allOf(values, where);
  const [matcher] = matchers;
  if (matcher === undefined) return {};
  if (matchers.length > 1) throw new NotTold(`${where}: several matchers are not supported`);
  if ("equalTo" in matcher) return { path: matcher.equalTo };
  if ("matches" in matcher) return { pathPattern: matcher.matches };
  throw new NotTold(`${where}: a path is exact, glob or regex`);
}

/** Of a form, Hoverfly asks field by field. */
function bodyOf(values: unknown, where: string): Pick<RequestInput, "body" | "form"> {
  const list = listIn(values, where).map(fieldsOf);
  const isForm = ({ matcher }: Fields): boolean => matcher === "form";
  const fields = list.filter(isForm).map(({ value }) => fieldsOf(value));
  return {
    body: allOf(
      list.filter((each) => !isForm(each)),
      where,
    ),
    form: namedOf(Object.assign({}, ...fields), where),
  };
}

function requestOf(request: Fields, where: string): RequestInput {
  const other = Object.keys(request).filter((name) => !REQUEST.has(name));
  if (other.length > 0) throw new NotTold(`${where}: ${other.join(", ")} is not supported`);
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
    ...bodyOf(request["body"], `${where}.body`),
  };
}

interface Place {
  /** Such as `data.pairs[0]`. */
  readonly where: string;
  readonly notes: Notes;
  readonly folder: string;
  readonly globalActions: Fields;
  readonly literals: ReturnType<typeof literalsOf>;
}

function stubOf(pair: Fields, place: Place): StubSpec | null {
  const { folder, globalActions, literals, notes, where } = place;
  const [request, response] = [fieldsOf(pair["request"]), fieldsOf(pair["response"])];
  notes.unknown(pair, ["request", "response", "labels"], where);
  try {
    const latency = hoverflyLatency({ request, response }, globalActions, where, notes);
    return notes.stub(
      {
        request: requestOf(request, `${where}.request`),
        response: hoverflyResponse(response, literals, {
          folder,
          notes,
          where: `${where}.response`,
        }),
        ...(latency === undefined ? {} : { latency }),
        ...hoverflyStates(request, response, where),
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

/** Of whom pairs ask, once for all. */
function noteAddresses(pairs: readonly Fields[], notes: Notes): void {
  for (const name of ["destination", "scheme"]) {
    const count = pairs.filter(({ request }) => fieldsOf(request)[name] !== undefined).length;
    if (count === 0) continue;
    notes.add(`data.pairs[].request.${name}`, `not looked at, of ${count}: one dependency`);
  }
}

/** The pairs of a simulation, the strongest match first. */
export function hoverflyStubs(file: string, content: unknown): Imported {
  const notes = new Notes(file);
  const data = fieldsOf(fieldsOf(content)["data"]);
  const version = asText(fieldsOf(fieldsOf(content)["meta"])["schemaVersion"] ?? "");
  if (!version.startsWith("v5")) notes.add("meta.schemaVersion", `is ${version}; read as v5`);
  const globalActions = fieldsOf(data["globalActions"]);
  const literals = literalsOf(data["literals"], notes);
  notes.unknown(data, ["pairs", "globalActions", "literals"], "data");
  notes.unknown(globalActions, ["delays", "delaysLogNormal"], "data.globalActions");
  const pairs = (Array.isArray(data["pairs"]) ? data["pairs"] : []).map(fieldsOf);
  noteAddresses(pairs, notes);
  const folder = dirname(file);
  const ranked = pairs.flatMap((pair, index) => {
    const where = `data.pairs[${index}]`;
    const stub = stubOf(pair, { where, notes, folder, globalActions, literals });
    const strength = hoverflyStrength(fieldsOf(pair["request"]));
    return stub === null ? [] : [{ index, strength, stub }];
  });
  const strongest = ranked.toSorted((a, b) => b.strength - a.strength || b.index - a.index);
  return { stubs: strongest.map(({ stub }) => stub), unsupported: notes.unsupported };
}
