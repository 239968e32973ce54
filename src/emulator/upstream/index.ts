/** Calls that something real answers. */
export { type PassedWay, passOn } from "./pass-on.ts";
