import { ShakedownError } from "../core/index.ts";

/** Where to listen, or what to connect to. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `127.0.0.1:6379`, `[::1]:6379`, `redis:6379` or `:6379`; without a host it is 127.0.0.1,
 * so that nothing is open to the network unless somebody says so.
 * @throws USAGE when it is none of these
 */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new ShakedownError("USAGE", `"${text}" is not an address`, {
      hint: "write a host and a port: 127.0.0.1:6379, [::1]:6379, redis:6379",
    });
  }
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port };
}

/** `127.0.0.1:6379`, `[::1]:6379` */
export const formatHostPort = ({ host, port }: HostPort): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/**
 * As `parseHostPort`, for listening: `localhost` is 127.0.0.1 there, whatever else it resolves to,
 * so that what is reported is what clients expect.
 */
export function parseListen(text: string): HostPort {
  const { host, port } = parseHostPort(text);
  return { host: host.toLowerCase() === "localhost" ? "127.0.0.1" : host, port };
}
