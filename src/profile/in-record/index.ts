/** What one record says, told without the fits and comparisons that a whole profile is told by. */
export { type JsonScalar, jsonScalars } from "./json-scalars.ts";
export { sessionOf } from "./session-of.ts";
