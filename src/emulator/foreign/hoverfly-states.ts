import type { StubInput } from "../stub/index.ts";
import { asText, type Fields, fieldsOf } from "./model.ts";
import { NotTold } from "./not-told.ts";

type States = Pick<StubInput, "whenStates" | "thenStates">;

/** The state in which our machines are at first: of Hoverfly's keys, that there is none. */
const FIRST = "Started";

/** Hoverfly begins every `sequence:` at 1; other keys have no value at first. */
function stateOf(key: string, value: unknown, where: string): string {
  const text = asText(value);
  if (text === FIRST) throw new NotTold(`${where}: a state called ${FIRST} is not supported`);
  return key.includes("sequence:") && text === "1" ? FIRST : text;
}

/**
 * What states a pair requires, and which it leaves: each key is a state machine of its own.
 * @throws NotTold for a value that is taken
 */
export function hoverflyStates(request: Fields, response: Fields, where: string): States {
  const read = (fields: unknown, part: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(fieldsOf(fields)).map(([key, value]) => [
        key,
        stateOf(key, value, `${where}.${part}.${key}`),
      ]),
    );
  const { removesState, transitionsState } = response;
  const removed = (Array.isArray(removesState) ? removesState : []).map(asText);
  const when = read(request["requiresState"], "request.requiresState");
  const then = {
    ...read(transitionsState, "response.transitionsState"),
    ...Object.fromEntries(
      removed.map((key) => [key, key.includes("sequence:") ? "removed" : FIRST]),
    ),
  };
  return {
    ...(Object.keys(when).length === 0 ? {} : { whenStates: when }),
    ...(Object.keys(then).length === 0 ? {} : { thenStates: then }),
  };
}
