/** The recorder's sockets: a reverse proxy that passes bytes on and tells what it saw. */
export type { RecordUpstream } from "./connection.ts";
export type { RecordedExchange, RecorderCounts } from "./exchange.ts";
export { type ReadHead, readHead } from "./message.ts";
export { RecordingProxy, type RecordingProxyOptions } from "./proxy.ts";
