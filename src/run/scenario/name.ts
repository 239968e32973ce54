import { z } from "zod";

/** What arms, dependencies, stages and incidents are called. */
export const name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, "a name is lower-case letters, digits, - and _, at most 32");
