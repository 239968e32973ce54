import type { Client, errors } from "undici";
import { lazily } from "../../../core/index.ts";

/** Asked for when a transport is made: most runs have none of undici's. */
export const undici = lazily("undici") as () => {
  readonly Client: typeof Client;
  readonly errors: typeof errors;
};
