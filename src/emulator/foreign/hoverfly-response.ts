import { resolve } from "node:path";
import type { StubInput } from "../stub/index.ts";
import { bodyFileAt } from "./body-file.ts";
import { answerHeaders, asText, type Fields, fieldsOf, type Notes } from "./model.ts";
import { NotTold } from "./not-told.ts";
import { flagIn } from "./typed.ts";

const RESPONSE =
  "status body bodyFile encodedBody headers templated fixedDelay logNormalDelay transitionsState removesState".split(
    " ",
  );

type ResponseInput = NonNullable<StubInput["response"]>;
type Literals = NonNullable<ResponseInput["parameters"]>;

/** What a simulation's templates know as `Literals`. */
export function literalsOf(written: unknown, notes: Notes): Literals {
  const named = (Array.isArray(written) ? written : []).flatMap((literal: unknown, index) => {
    const { name, value = null } = fieldsOf(literal);
    if (typeof name === "string") return [[name, value] as const];
    notes.add(`data.literals[${index}]`, "left out: it has no name");
    return [];
  });
  return Object.fromEntries(named) as Literals;
}

/** Of a template, a file is read at once: what of it cannot be done has to be named. */
function contentOf(
  response: Fields,
  templated: boolean,
  { folder, where }: { readonly folder: string; readonly where: string },
): Partial<ResponseInput> {
  const { body, bodyFile } = response;
  const encoded = flagIn(response["encodedBody"], `${where}.encodedBody`);
  const text = asText(body ?? "");
  const path = typeof bodyFile === "string" && bodyFile !== "" ? resolve(folder, bodyFile) : null;
  if (!templated) {
    if (path !== null) return { bodyFile: path };
    return encoded ? { base64: text } : { body: text };
  }
  const bytes =
    path === null
      ? Buffer.from(text, encoded ? "base64" : "utf8")
      : bodyFileAt(path, `${where}.bodyFile`);
  return { body: bytes.toString("utf8") };
}

/**
 * What a pair answers.
 * @throws NotTold for a state that is made by a template, or what is not of its type or cannot be read
 */
export function hoverflyResponse(
  response: Fields,
  literals: Literals,
  { folder, notes, where }: { readonly folder: string; notes: Notes; readonly where: string },
): ResponseInput {
  notes.unknown(response, RESPONSE, where);
  const templated = flagIn(response["templated"], `${where}.templated`);
  for (const [key, state] of Object.entries(fieldsOf(response["transitionsState"]))) {
    if (!templated || !asText(state).includes("{{")) continue;
    throw new NotTold(`${where}.transitionsState.${key}: a template is not supported`);
  }
  return {
    status: Number(response["status"] ?? 200),
    headers: answerHeaders(fieldsOf(response["headers"]), `${where}.headers`, notes),
    ...(templated ? { template: "hoverfly", parameters: literals } : {}),
    ...contentOf(response, templated, { folder, where }),
  };
}
