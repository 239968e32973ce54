import { z } from "zod";
import { formatReset, RESET_FORMATS } from "./formats.ts";
import type { RuleStanding, Ruling } from "./rules.ts";

/**
 * How answers tell of the limits: `none`; `ietf` (`RateLimit` and `RateLimit-Policy`, Structured
 * Fields, draft 10); `ietf-draft-6` (`RateLimit-Limit`, `-Remaining`, `-Reset`); `x-ratelimit`
 * (`X-RateLimit-Limit`, `-Remaining`, `-Reset`, and `-Used` if asked for) with the reset in any of
 * the formats. Those with one number tell of the tightest limit.
 */
export const tellSchema = z
  .union([
    z.enum(["none", "ietf", "ietf-draft-6", "x-ratelimit"]).transform((style) => ({
      style,
      reset: "seconds" as const,
      used: false,
    })),
    z.strictObject({
      style: z.literal("x-ratelimit").default("x-ratelimit"),
      reset: z.enum(RESET_FORMATS).default("seconds"),
      used: z.boolean().default(false),
    }),
  ])
  .prefault("none");
export type TellSpec = z.output<typeof tellSchema>;

type Headers = Record<string, string>;

/** What may still be called is a whole number, never more than there is. */
export const whole = (value: number): number => Math.max(Math.floor(value + 1e-9), 0);

/** Source: draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4. */
function ietf(standings: readonly RuleStanding[]): Headers {
  const name = (text: string): string => `"${text.replaceAll(/["\\]|[^ -~]/g, "_")}"`;
  const policy = ({ kind, limit, name: of, windowNs }: RuleStanding): string =>
    kind === "concurrency"
      ? `${name(of)};q=${whole(limit)};qu="concurrent-requests"`
      : `${name(of)};q=${whole(limit)};w=${Math.max(Math.round((windowNs ?? 0) / 1e9), 1)}`;
  const state = ({ name: of, remaining, resetNs }: RuleStanding): string =>
    `${name(of)};r=${whole(remaining)};t=${formatReset("seconds", resetNs, 0)}`;
  return {
    "RateLimit-Policy": standings.map(policy).join(", "),
    RateLimit: standings.map(state).join(", "),
  };
}

/** Source: draft-ietf-httpapi-ratelimit-headers-06, section 3. */
function ietfDraft6({ limit, remaining, resetNs }: RuleStanding): Headers {
  return {
    "RateLimit-Limit": String(whole(limit)),
    "RateLimit-Remaining": String(whole(remaining)),
    "RateLimit-Reset": formatReset("seconds", resetNs, 0),
  };
}

/** The headers with which an answer tells of the limits. */
export function toldHeaders(
  { reset, style, used }: TellSpec,
  ruling: Ruling,
  wallMs: number,
): Headers {
  const { standings, tightest } = ruling;
  if (tightest === null || style === "none") return {};
  if (style === "ietf") return ietf(standings);
  if (style === "ietf-draft-6") return ietfDraft6(tightest);
  const { limit, remaining, resetNs } = tightest;
  return {
    "X-RateLimit-Limit": String(whole(limit)),
    "X-RateLimit-Remaining": String(whole(remaining)),
    ...(used ? { "X-RateLimit-Used": String(whole(limit) - whole(remaining)) } : {}),
    "X-RateLimit-Reset": formatReset(reset, resetNs, wallMs),
  };
}
