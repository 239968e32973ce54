/** Calls that something real answers. */
export { type Passed, type PassedWay, passOn } from "./pass-on.ts";
