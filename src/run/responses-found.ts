import { compareResponses, type Plan } from "../experiment/index.ts";
import type { Result } from "../report/index.ts";
import type { Gathered } from "./gather.ts";

/** What comparing answers came to, over one run or several; nothing where none were to be. */
export function responsesFound(
  { arms }: Plan,
  routes: readonly string[],
  runs: readonly Pick<Gathered, "responses">[],
): Pick<Result, "responses"> {
  const logs = runs.flatMap(({ responses }) => (responses === null ? [] : [responses.pairs]));
  if (logs.length === 0) return {};
  const { fields, notCompared, pairs, repeats } = compareResponses(logs, { arms, routes });
  return { responses: { pairs, repeats, notCompared, fields: fields.map((row) => ({ ...row })) } };
}
