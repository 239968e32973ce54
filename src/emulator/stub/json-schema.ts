import { createRequire } from "node:module";
import type { Ajv, ValidateFunction } from "ajv";
import type { Ajv2019 } from "ajv/dist/2019.js";
import type { Ajv2020 } from "ajv/dist/2020.js";
import type { default as addFormats } from "ajv-formats";
import { z } from "zod";
import { messageOf } from "../../core/index.ts";
import { asDraft06 } from "./json-schema-draft-04.ts";

const SCHEMA_VERSIONS = ["V4", "V6", "V7", "V201909", "V202012"] as const;
type SchemaVersion = (typeof SCHEMA_VERSIONS)[number];

export interface MatchesJsonSchema {
  /** A JSON Schema. References lead only into it: nothing is fetched. */
  readonly matchesJsonSchema: unknown;
  /** The draft that the schema is written in; 2020-12 unless told. */
  readonly schemaVersion?: SchemaVersion | undefined;
}

/** Compilers of schemas take a while to load, and few stubs have one. */
const load = createRequire(import.meta.url);
const OPTIONS = { strict: false, logger: false } as const;

/** Up to draft 7 a format is asserted; since then it is an annotation. */
function validatorOf(version: SchemaVersion): Ajv | Ajv2019 | Ajv2020 {
  if (version === "V201909") {
    const { Ajv2019: Draft } = load("ajv/dist/2019.js") as { Ajv2019: typeof Ajv2019 };
    return new Draft({ ...OPTIONS, validateFormats: false });
  }
  if (version === "V202012") {
    const { Ajv2020: Draft } = load("ajv/dist/2020.js") as { Ajv2020: typeof Ajv2020 };
    return new Draft({ ...OPTIONS, validateFormats: false });
  }
  const { Ajv: Draft } = load("ajv") as { Ajv: typeof Ajv };
  const ajv = new Draft(OPTIONS);
  if (version === "V6")
    ajv.addMetaSchema(load("ajv/dist/refs/json-schema-draft-06.json") as object);
  (load("ajv-formats") as { default: typeof addFormats.default }).default(ajv);
  return ajv;
}

/** @throws Error for what is no schema of its draft, or refers to what is not in it */
function compiled({ matchesJsonSchema, schemaVersion }: MatchesJsonSchema): ValidateFunction {
  const schema = matchesJsonSchema as Record<string, unknown>;
  if (schemaVersion === "V4") return validatorOf("V6").compile(asDraft06(schema) as object);
  return validatorOf(schemaVersion ?? "V202012").compile(schema);
}

/**
 * Whether a text is JSON that the schema allows. A text that is no JSON, or a lone value that is
 * refused, is also tried as a text: `abc` and `12` are texts in a header.
 */
export function compileJsonSchema(matcher: MatchesJsonSchema): (text: string) => boolean {
  const validate = compiled(matcher);
  return (text) => {
    let value: unknown = text;
    try {
      value = JSON.parse(text);
    } catch {
      // It is a text.
    }
    if (validate(value)) return true;
    return typeof value !== "string" && (typeof value !== "object" || value === null)
      ? validate(text)
      : false;
  };
}

const isVersion = (text: string): text is SchemaVersion =>
  (SCHEMA_VERSIONS as readonly string[]).includes(text);

/** `{ matchesJsonSchema: { type: object, required: [id] } }` */
export const jsonSchemaMatcherSchema: z.ZodType<MatchesJsonSchema> = z
  .strictObject({
    matchesJsonSchema: z.union([z.record(z.string(), z.json()), z.boolean()]),
    schemaVersion: z
      .string()
      .refine(isVersion, `is no draft; write one of ${SCHEMA_VERSIONS.join(", ")}`)
      .optional(),
  })
  .superRefine((matcher, context) => {
    try {
      compiled(matcher);
    } catch (thrown) {
      const message = `is no JSON Schema: ${messageOf(thrown)}`;
      context.addIssue({ code: "custom", path: ["matchesJsonSchema"], message });
    }
  });
