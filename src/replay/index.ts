/** The open-loop generator: sends what is due, when it is due, and says what became of it. */
export { prepareRequest } from "./prepare.ts";
export { rehearseReplay } from "./rehearse.ts";
export { replay, type ReplayArm, type ReplayOptions } from "./replay.ts";
export type { ExchangeSink, PreparedRequest, Transport } from "./transports/transport.ts";
export { undiciTransport } from "./transports/undici.ts";
