import type { MakeTransport } from "./transport.ts";
import { undiciTransport } from "./undici.ts";
import { wireTransport } from "./wire/wire.ts";

/** The transports by name. */
export const TRANSPORTS = {
  wire: wireTransport,
  undici: undiciTransport,
} as const satisfies Record<string, MakeTransport>;

export type TransportName = keyof typeof TRANSPORTS;

export * from "./transport.ts";
export { undiciTransport, wireTransport };
