import { z } from "zod";
import type { Draw } from "../../core/index.ts";
import { headersSchema } from "../headers.ts";
import type { UpstreamCall } from "../model.ts";
import { compileHeaders } from "./header-templates.ts";
import type { RequestView } from "./request-view.ts";
import type { Compile } from "./template.ts";

const isTemplate = (to: string): boolean => to.includes("{{");

/** What is wrong with an address; null: nothing. Of a template only what it gives could be wrong. */
function addressFault(to: string): string | null {
  if (isTemplate(to)) return null;
  const { hash, password, protocol, search, username } = URL.parse(to) ?? { protocol: "" };
  if (!/^https?:$/.test(protocol)) return "is no http(s) address";
  if (`${hash}${password}${search}${username}` === "") return null;
  return "is an address and a path alone: no query, no user";
}

const upstreamSchema = z.string().superRefine((to, context) => {
  const message = addressFault(to);
  if (message !== null) context.addIssue({ code: "custom", message });
});

const detailed = z.strictObject({
  /** Address, and what the paths there begin with; or a template that gives them. */
  to: upstreamSchema,
  /** Sent beside the call's own. */
  headers: headersSchema.default({}),
  /** Of the call's own, in any case. */
  removeHeaders: z.array(z.string()).default([]),
  /** What the call's path loses where it begins with it. */
  removePrefix: z.string().default(""),
});

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

/** Where calls are passed on to: an address, or that with what is changed on the way. */
export const proxySchema = z
  .union([z.string(), z.custom<z.input<typeof detailed>>(isObject)], {
    error: "is an address, or { to } with one",
  })
  .transform((proxy) => (typeof proxy === "string" ? { to: proxy } : proxy))
  .pipe(detailed);
export type ProxySpec = z.output<typeof proxySchema>;

/** Whether the address is made from the call. */
export const hasTemplate = ({ to }: ProxySpec): boolean => isTemplate(to);

type Target = Pick<UpstreamCall, "origin" | "path">;

/** What is left of the path follows the address by one slash. */
function fixedTarget(to: string): (rest: string) => Target {
  const { origin, pathname } = new URL(to);
  const base = pathname.replace(/\/+$/, "");
  return (rest) => ({ origin, path: `${base}${rest.startsWith("/") ? "" : "/"}${rest}` });
}

/** What is left of the path follows what was made as it is; what is no address cannot be asked. */
function madeTarget(to: string, rest: string): Target {
  const [, origin = to, path = rest] = /^(https?:\/\/[^/?#]*)(.*)$/is.exec(to + rest) ?? [];
  return { origin, path: path.startsWith("/") ? path : `/${path}` };
}

/**
 * Gives a call the one to the upstream that it becomes; `compile`: the address, where it is one, and
 * the headers are templates.
 */
export function createProxy(
  spec: ProxySpec,
  compile: Compile | null,
): (view: RequestView, draw: Draw) => UpstreamCall {
  const { headers, removeHeaders, removePrefix, to } = spec;
  const without = new Set(removeHeaders.map((name) => name.toLowerCase()));
  const made = compile !== null && isTemplate(to) ? compile(to, "proxy") : null;
  const fixed = made === null ? fixedTarget(to) : null;
  const added = compile === null ? null : compileHeaders(headers, compile, "proxy, ");
  return (view, draw) => {
    const { path } = view.call;
    const rest = path.startsWith(removePrefix) ? path.slice(removePrefix.length) : path;
    const target = made === null ? fixed!(rest) : madeTarget(made(view, draw), rest);
    return { ...target, headers: added?.(view, draw) ?? headers, without };
  };
}
