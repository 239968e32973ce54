import type { HelperContext } from "../helper.ts";
import type { Luck } from "../random.ts";
import type { Query } from "./query.ts";

/** What a rendering keeps, and what it is of. */
export interface Rendering extends Luck, Pick<HelperContext, "wallMs"> {
  /** What reads a text by a query. */
  readonly queryOf: (type: string, query: string) => Query;
  /** The call's body. */
  body: string;
  /** What `putValue` and `addToArray` have kept. */
  kept: Map<string, unknown>;
}

/** What a parameter is taken for: a text, a number, a whole one, yes or no, a list of texts, or as it is. */
type Taken = "text" | "number" | "integer" | "boolean" | "texts" | "any";

export interface HoverflyHelper {
  /** One for each parameter; `any` alone: as many as there are. */
  readonly takes: readonly Taken[];
  /** @throws Error where Hoverfly does: the template is then not rendered */
  readonly run: (parameters: never, rendering: Rendering) => unknown;
}

export type HoverflyHelpers = Readonly<Record<string, HoverflyHelper>>;

/** `takes`: what is taken for each parameter, one after the other; `run` is given them so. */
export const helper = (
  takes: string,
  run: (parameters: never, rendering: Rendering) => unknown,
): HoverflyHelper => ({
  takes: takes.split(" ").filter((each) => each !== "") as Taken[],
  run,
});
