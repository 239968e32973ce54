import { z } from "zod";
import { headersSchema } from "../headers.ts";
import type { UpstreamCall } from "../model.ts";

const upstreamSchema = z.url({ protocol: /^https?$/, error: "is no http(s) address" }).refine(
  (text) => {
    const { hash, password, search, username } = new URL(text);
    return `${hash}${password}${search}${username}` === "";
  },
  { error: "is an address and a path alone: no query, no user" },
);

const detailed = z.strictObject({
  /** Address, and what the paths there begin with. */
  to: upstreamSchema,
  /** Sent beside the call's own. */
  headers: headersSchema.default({}),
  /** Of the call's own, in any case. */
  removeHeaders: z.array(z.string()).default([]),
  /** What the call's path loses where it begins with it. */
  removePrefix: z.string().default(""),
});

/** Where calls are passed on to: an address, or that with what is changed on the way. */
export const proxySchema = z.union([
  upstreamSchema.transform((to) => detailed.parse({ to })),
  detailed,
]);
export type ProxySpec = z.output<typeof proxySchema>;

/** Gives a call's path and query, as sent, the call to the upstream that it becomes. */
export function createProxy(spec: ProxySpec): (path: string) => UpstreamCall {
  const { headers, removeHeaders, removePrefix, to } = spec;
  const { origin, pathname } = new URL(to);
  const base = pathname.replace(/\/+$/, "");
  const without = new Set(removeHeaders.map((name) => name.toLowerCase()));
  return (path) => {
    const rest = path.startsWith(removePrefix) ? path.slice(removePrefix.length) : path;
    const slash = rest.startsWith("/") ? "" : "/";
    return { origin, path: `${base}${slash}${rest}`, headers, without };
  };
}
