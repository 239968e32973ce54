/** What shows a run to browsers while it goes on. */
export { announce, canBeAsked, relayTo, withdraw } from "./announce.ts";
export type { Asked, Steer } from "./ask.ts";
export { type LiveServer, type LiveServerOptions, startLiveServer } from "./live-server.ts";
