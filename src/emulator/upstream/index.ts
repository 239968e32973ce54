/** Calls that something real answers. */
export { readyForUpstreams, upstreamAgent } from "./agent.ts";
export { type PassedWay, passOn } from "./pass-on.ts";
