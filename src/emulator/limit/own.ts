import { z } from "zod";
import { durationNsField } from "../../core/fields/index.ts";
import { headersSchema } from "../headers.ts";
import { ALGORITHM_FIELDS, type AlgorithmSpec } from "./algorithm/index.ts";
import { formatReset } from "./formats.ts";
import { costSchema, keySchema } from "./keys.ts";
import type { Rule } from "./rules.ts";
import type { LimitPolicy } from "./policy.ts";
import { tellSchema, toldHeaders } from "./tell.ts";

/** What is said to callers, whichever rule it is about. */
const sayingFields = {
  status: z.number().int().min(200).max(599).default(429),
  headers: headersSchema.default({}),
  body: z.string().nullable().default(null),
  tell: tellSchema,
  /** What a limited call is told to wait: the `exact` time, `none`, or always the same. */
  retryAfter: z.union([z.enum(["exact", "none"]), durationNsField()]).default("exact"),
  retryAfterFormat: z.enum(["seconds", "seconds-float", "http-date"]).default("seconds"),
};

const ruleFields = {
  name: z.string().min(1).max(64).default("default"),
  by: keySchema,
  cost: costSchema,
};

type Fields = (typeof ALGORITHM_FIELDS)[number];

type Variants<T> = readonly [T, ...T[]];
const rules = ALGORITHM_FIELDS.map((fields: Fields) =>
  z.strictObject({ ...(fields as z.ZodRawShape), ...ruleFields }),
);
const ruleSchema = z.discriminatedUnion(
  "kind",
  rules as unknown as Variants<(typeof rules)[number]>,
);

const ruleOf = ({ by, cost, name, ...algorithm }: Record<string, unknown>): Rule =>
  ({ name, by, cost, algorithm: algorithm as unknown as AlgorithmSpec }) as Rule;

/** `{ kind: token-bucket, rate: 50/s, burst: 20, by: api-key, … }`: one rule, and what it says. */
const lone = ALGORITHM_FIELDS.map((fields: Fields) =>
  z
    .strictObject({ ...(fields as z.ZodRawShape), ...ruleFields, ...sayingFields })
    .transform((written): RulesSpec => {
      const { body, headers, retryAfter, retryAfterFormat, status, tell, ...rule } =
        written as unknown as Saying & Record<string, unknown>;
      const said = { body, headers, retryAfter, retryAfterFormat, status, tell };
      return { rules: [ruleOf(rule)], saying: said };
    }),
);

/** `{ kind: all, rules: [ … ], … }`: several rules that must all admit a call. */
const all = z
  .strictObject({
    kind: z.literal("all"),
    rules: z.array(ruleSchema).min(1).max(16),
    ...sayingFields,
  })
  .transform(({ kind: _kind, rules: written, ...said }): RulesSpec => ({
    rules: written.map((rule) => ruleOf(rule as Record<string, unknown>)),
    saying: said,
  }));

/** Limits as a person describes them, by `kind`. */
export const ownSchema = z.discriminatedUnion("kind", [
  all,
  ...(lone as unknown as Variants<(typeof lone)[number]>),
]);

const saying = z.strictObject(sayingFields);
type Saying = z.output<typeof saying>;

/** As a person wrote them, read. */
export interface RulesSpec {
  readonly rules: readonly Rule[];
  readonly saying: Saying;
}

/** The policy of rules that a person wrote. */
export function ownPolicy({ rules: own, saying: said }: RulesSpec): LimitPolicy {
  const { body, headers, retryAfter, retryAfterFormat, status, tell } = said;
  return {
    rules: own,
    admitted: (ruling, { wallMs }) => toldHeaders(tell, ruling, wallMs),
    limited(ruling, { wallMs }) {
      const waitNs = ruling.tightest?.waitNs ?? 0;
      const exactNs = Number.isFinite(waitNs) ? waitNs : 0;
      const toldNs = retryAfter === "exact" ? exactNs : retryAfter === "none" ? 0 : retryAfter;
      return {
        status,
        toldNs,
        asToldNs: asTold(retryAfterFormat, toldNs, wallMs),
        body,
        headers: {
          ...toldHeaders(tell, ruling, wallMs),
          ...(toldNs > 0 ? { "Retry-After": formatReset(retryAfterFormat, toldNs, wallMs) } : {}),
          ...headers,
        },
      };
    },
  };
}

/** How long that is once it has been written down. */
function asTold(format: "seconds" | "seconds-float" | "http-date", inNs: number, wallMs: number) {
  if (inNs === 0) return 0;
  const text = formatReset(format, inNs, wallMs);
  return format === "http-date" ? (Date.parse(text) - wallMs) * 1e6 : Number(text) * 1e9;
}
