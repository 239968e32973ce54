import { z } from "zod";
import { compileMatcher, matcherSchema } from "./matcher.ts";
import type { Part } from "./multipart.ts";

/** What a part of a multipart body has to be. */
export const partMatcherSchema = z.strictObject({
  /** How many parts have to be so: one or more, or all that there are. */
  parts: z.enum(["any", "all"]).default("any"),
  headers: z.record(z.string(), matcherSchema).default({}),
  body: z
    .union([z.array(matcherSchema), matcherSchema.transform((matcher) => [matcher])])
    .default([]),
});
export type PartMatcherInput = z.input<typeof partMatcherSchema>;
type PartMatcher = z.output<typeof partMatcherSchema>;

/** Whether the parts of a body are what was asked for; where there are none they are not. */
export type PartsTest = (parts: readonly Part[], nowMs: number) => boolean;

export function compilePartMatcher({ body, headers, parts: wanted }: PartMatcher): PartsTest {
  const named = Object.entries(headers).map(
    ([name, matcher]) => [name.toLowerCase(), compileMatcher(matcher)] as const,
  );
  const tests = body.map(compileMatcher);
  const fits = (part: Part, nowMs: number): boolean =>
    named.every(([name, test]) => test(part.headers.get(name) ?? [], nowMs)) &&
    tests.every((test) => test([part.text], nowMs));
  return (parts, nowMs) => {
    if (wanted === "any") return parts.some((part) => fits(part, nowMs));
    return parts.length > 0 && parts.every((part) => fits(part, nowMs));
  };
}
