import type { sample } from "openapi-sampler";
import { lazily } from "../../core/index.ts";
import type { AnswerHeaders } from "../headers.ts";
import type { StubInput, StubSpec } from "../stub/index.ts";
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
import { bundled } from "./openapi-bundle.ts";
import { hasDiscriminator, resolved } from "./openapi-refs.ts";

const sampler = lazily("openapi-sampler") as () => { readonly sample: typeof sample };
const METHODS = "get put post delete options head patch trace".split(" ");
const TOP =
  "openapi info servers paths components security tags externalDocs jsonSchemaDialect".split(" ");
const RESPONSE = ["description", "headers", "content"];
const isJson = (type: string): boolean =>
  /^(application|\*)\/(\*|json|[^;]+\+json)\b|^\*/i.test(type);

interface Place {
  readonly document: Fields;
  /** Such as `paths./pastries.get`. */
  readonly where: string;
  readonly notes: Notes;
}

/** The path that comes before all paths of the first server; empty: none. */
function basePath(servers: unknown, where: string, notes: Notes): string {
  const list = (Array.isArray(servers) ? servers : []) as unknown[];
  const server = fieldsOf(list[0]);
  if (list.length > 1) notes.add(`${where}servers`, "of several, the first one's path is used");
  const variables = fieldsOf(server["variables"]);
  const url = asText(server["url"] ?? "/").replaceAll(/\{([^{}]+)\}/g, (whole, name: string) =>
    asText(fieldsOf(variables[name])["default"] ?? whole),
  );
  if (!/^(\/|https?:\/\/)/i.test(url) || !URL.canParse(url, "http://server")) {
    notes.add(`${where}servers[0].url`, "is no path: the paths have no prefix");
    return "";
  }
  return new URL(url, "http://server").pathname.replace(/\/+$/, "");
}

function exampleOf(media: Fields, type: string, at: Place): unknown {
  const { example, examples, schema } = media;
  if (example !== undefined) return example;
  const [first] = Object.values(fieldsOf(examples));
  if (first !== undefined) {
    const { externalValue, value } = resolved(at.document, first);
    if (externalValue === undefined) return value;
    throw new NotTold(`${at.where}.examples: externalValue is not supported`);
  }
  if (schema === undefined) return undefined;
  if (!isJson(type)) throw new NotTold(`${at.where}: ${type} without an example is not supported`);
  if (hasDiscriminator(at.document, schema)) {
    at.notes.add(`${at.where}.schema`, "discriminator is not looked at in the sample");
  }
  const options = { quiet: true, skipWriteOnly: true };
  return sampler().sample(schema as Parameters<typeof sample>[0], options, at.document);
}

/** As it goes over the wire; an example that is JSON already, given as a text, is sent as it is. */
function bodyText(example: unknown, type: string, schema: Fields): string {
  if (typeof example !== "string" || !isJson(type)) return asText(example);
  if ([schema["type"]].flat().includes("string")) return JSON.stringify(example);
  try {
    JSON.parse(example);
    return example;
  } catch {
    return JSON.stringify(example);
  }
}

function contentOf(response: Fields, at: Place): NonNullable<StubInput["response"]> {
  const entries = Object.entries(fieldsOf(response["content"]));
  const [type, media] = entries.find(([each]) => isJson(each)) ?? entries[0] ?? [];
  if (type === undefined) return {};
  if (entries.length > 1) at.notes.add(`${at.where}.content`, `of several, ${type} is answered`);
  const fields = fieldsOf(media);
  const here = { ...at, where: `${at.where}.content.${type}` };
  const example = exampleOf(fields, type, here);
  const headers = { "content-type": type.includes("*") ? "application/json" : type };
  if (example === undefined) return { headers };
  return { headers, body: bodyText(example, type, resolved(at.document, fields["schema"])) };
}

/** A header's value as `style: simple` writes it (RFC 6570); a list of cookies is several values. */
function headerText(name: string, value: unknown, explode: boolean): string | string[] {
  if (Array.isArray(value)) {
    const texts = value.map(asText);
    return /^set-cookie$/i.test(name) ? texts : texts.join(",");
  }
  if (!isFields(value)) return asText(value);
  const between = explode ? "=" : ",";
  return Object.entries(value)
    .map(([key, each]) => `${key}${between}${asText(each)}`)
    .join(",");
}

/** The value that a header's description gives, or a sample of its schema; undefined: there is none. */
function headerOf(name: string, header: Fields, at: Place): string | string[] | undefined {
  const [media] = Object.entries(fieldsOf(header["content"]));
  if (media !== undefined) {
    const example = exampleOf(fieldsOf(media[1]), media[0], at);
    return example === undefined ? undefined : asText(example);
  }
  const value = exampleOf(header, "application/json", at);
  return value === undefined ? undefined : headerText(name, value, header["explode"] === true);
}

function headersOf(response: Fields, at: Place): AnswerHeaders {
  const values: Record<string, string | string[]> = {};
  for (const [name, written] of Object.entries(fieldsOf(response["headers"]))) {
    // The content's type is told by `content` (OpenAPI 3.1, Response Object).
    if (/^content-type$/i.test(name)) continue;
    const here = { ...at, where: `${at.where}.headers.${name}` };
    const value = headerOf(name, resolved(at.document, written), here);
    if (value === undefined)
      at.notes.add(here.where, "has no example and no schema: it is not sent");
    else values[name] = value;
  }
  return answerHeaders(values, `${at.where}.headers`, at.notes);
}

/** @throws NotTold without a response of success, or with one that cannot be told */
function responseOf(operation: Fields, at: Place): NonNullable<StubInput["response"]> {
  const responses = fieldsOf(operation["responses"]);
  const good = Object.keys(responses).filter((status) => /^2(\d\d|XX)$/i.test(status));
  const hasContent = (status: string): boolean =>
    Object.keys(fieldsOf(resolved(at.document, responses[status])["content"])).length > 0;
  const status = good.find(hasContent) ?? good[0];
  if (status === undefined) throw new NotTold(`${at.where}.responses: there is no 2xx`);
  const others = Object.keys(responses).filter((each) => each !== status && !each.startsWith("x-"));
  if (others.length > 0) {
    at.notes.add(`${at.where}.responses`, `not imported: ${others.join(", ")}`);
  }
  const response = resolved(at.document, responses[status]);
  const here = { ...at, where: `${at.where}.responses.${status}` };
  at.notes.unknown(withoutExtensions(response), RESPONSE, here.where);
  const { headers, ...content } = contentOf(response, here);
  return {
    status: /^\d+$/.test(status) ? Number(status) : 200,
    ...content,
    headers: { ...headersOf(response, here), ...headers },
  };
}

const withoutExtensions = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith("x-")));

function stubOf(method: string, path: string, operation: Fields, at: Place): StubSpec | null {
  if (operation["callbacks"] !== undefined) at.notes.add(`${at.where}.callbacks`, "not supported");
  try {
    const request = path.includes("{") ? { pathTemplate: path } : { path };
    const { operationId } = operation;
    return at.notes.stub(
      {
        ...(typeof operationId === "string" ? { name: operationId } : {}),
        request: { method, ...request },
        response: responseOf(operation, at),
      },
      at.where,
    );
  } catch (thrown) {
    if (!(thrown instanceof NotTold)) throw thrown;
    at.notes.add(at.where, `left out: ${thrown.message}`);
    return null;
  }
}

function stubsOfPath(path: string, item: Fields, at: Place): (StubSpec | null)[] {
  const { document, notes, where } = at;
  return METHODS.filter((method) => isFields(item[method])).map((method) => {
    const operation = fieldsOf(item[method]);
    const own = operation["servers"] ?? item["servers"];
    const prefix = basePath(
      own ?? document["servers"],
      own === undefined ? "" : `${where}.`,
      notes,
    );
    return stubOf(method, `${prefix}${path}`, operation, { ...at, where: `${where}.${method}` });
  });
}

/** Paths without names come before those with, whatever their order in the file. */
const isTemplate = ({ request }: StubSpec): number => (request.pathTemplate === undefined ? 0 : 1);

/** Whether a file's content is an OpenAPI document of version 3.0 or 3.1. */
export const isOpenapi = (content: unknown): boolean =>
  isFields(content) && /^3\.[01](\.|$)/.test(asText(content["openapi"] ?? ""));

/**
 * One stub for each operation, which answers its first 2xx response that has content: the example,
 * the first of the examples, or a sample of the schema. What a request has to be, beside method
 * and path, is not looked at.
 */
export function openapiStubs(file: string, content: unknown): Imported {
  const notes = new Notes(file);
  const document = bundled(file, fieldsOf(content));
  notes.unknown(withoutExtensions(document), TOP, "");
  notes.add("paths", "parameters, request bodies and security are not checked");
  const stubs = Object.entries(withoutExtensions(fieldsOf(document["paths"]))).flatMap(
    ([path, item]) => {
      const at = { document, notes, where: `paths.${path}` };
      try {
        return stubsOfPath(path, resolved(document, item), at);
      } catch (thrown) {
        if (!(thrown instanceof NotTold)) throw thrown;
        notes.add(at.where, `left out: ${thrown.message}`);
        return [];
      }
    },
  );
  return {
    stubs: stubs.filter((stub) => stub !== null).toSorted((a, b) => isTemplate(a) - isTemplate(b)),
    // Operations share the document's servers, whose peculiarities are told once.
    unsupported: [
      ...new Map(
        notes.unsupported.map((each) => [`${each.where} ${each.what}`, each] as const),
      ).values(),
    ],
  };
}
