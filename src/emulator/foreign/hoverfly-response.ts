import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { StubInput } from "../stub/index.ts";
import { answerHeaders, asText, type Fields, fieldsOf, type Notes } from "./model.ts";
import { NotTold } from "./not-told.ts";

const RESPONSE =
  "status body bodyFile encodedBody headers templated fixedDelay logNormalDelay transitionsState removesState".split(
    " ",
  );

type ResponseInput = NonNullable<StubInput["response"]>;
type Literals = NonNullable<ResponseInput["parameters"]>;

/** What a simulation's templates know as `Literals`. */
export const literalsOf = (literals: unknown): Literals =>
  Object.fromEntries(
    (Array.isArray(literals) ? literals : []).map((literal: unknown) => {
      const { name, value } = fieldsOf(literal);
      return [asText(name), value];
    }),
  ) as Literals;

const isTemplated = (response: Fields): boolean => response["templated"] === true;

/** Of a template, a file is read at once: what of it cannot be done has to be named. */
function contentOf(response: Fields, where: string, folder: string): Partial<ResponseInput> {
  const { body, bodyFile, encodedBody } = response;
  const text = asText(body ?? "");
  const path = typeof bodyFile === "string" && bodyFile !== "" ? resolve(folder, bodyFile) : null;
  if (!isTemplated(response)) {
    if (path !== null) return { bodyFile: path };
    return encodedBody === true ? { base64: text } : { body: text };
  }
  if (path === null) {
    return { body: encodedBody === true ? Buffer.from(text, "base64").toString("utf8") : text };
  }
  if (!existsSync(path)) throw new NotTold(`${where}.bodyFile: ${path} does not exist`);
  return { body: readFileSync(path, "utf8") };
}

/**
 * What a pair answers.
 * @throws NotTold for a state that is made by a template
 */
export function hoverflyResponse(
  response: Fields,
  literals: Literals,
  { folder, notes, where }: { readonly folder: string; notes: Notes; readonly where: string },
): ResponseInput {
  notes.unknown(response, RESPONSE, where);
  const templated = isTemplated(response);
  for (const [key, state] of Object.entries(fieldsOf(response["transitionsState"]))) {
    if (!templated || !asText(state).includes("{{")) continue;
    throw new NotTold(`${where}.transitionsState.${key}: a template is not supported`);
  }
  return {
    status: Number(response["status"] ?? 200),
    headers: answerHeaders(fieldsOf(response["headers"]), `${where}.headers`, notes),
    ...(templated ? { template: "hoverfly", parameters: literals } : {}),
    ...contentOf(response, where, folder),
  };
}
