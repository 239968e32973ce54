import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const TOKEN_BYTES = 24;

/** What an address must hold, so that nobody but who was told it is let in. */
export const newToken = (): string => randomBytes(TOKEN_BYTES).toString("hex");

/** Whether they are the same, in a time that tells nothing of where they differ. */
export function sameToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Names of this very host, and no other: a page elsewhere may have its own name resolve here. */
const isLoopback = (host: string, port: number): boolean =>
  [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`].includes(host.toLowerCase());

/**
 * Why a request is not let in, or null where it is: by another name than this host's own (DNS
 * rebinding), from a page of another origin, or led here by another site.
 */
export function refusedCaller(headers: IncomingHttpHeaders, port: number): string | null {
  const { host = "", origin } = headers;
  if (!isLoopback(host, port)) return "ask by address, or as localhost";
  if (origin !== undefined && origin !== `http://${host}`) return "pages of other origins may not";
  const site = headers["sec-fetch-site"];
  return site === undefined || site === "same-origin" || site === "none"
    ? null
    : "pages of other sites may not";
}
