import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import { durationNsField, messageOf, NS_PER_S } from "../core/index.ts";
import { faultSchema } from "./fault/index.ts";
import { latencySchema } from "./latency/index.ts";
import { limitSchema } from "./limit/index.ts";

/** The listener frames its answers by itself. */
const FRAMING_HEADERS = new Set(["content-length", "transfer-encoding"]);

const headersSchema = z.record(z.string(), z.string()).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers)) {
    const issue = (message: string): void =>
      context.addIssue({ code: "custom", path: [name], message });
    if (FRAMING_HEADERS.has(name.toLowerCase())) {
      issue("is set by the emulator");
      continue;
    }
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (thrown) {
      issue(messageOf(thrown));
    }
  }
});

const responseSchema = z.strictObject({
  status: z.number().int().min(200).max(499).default(200),
  headers: headersSchema.default({}),
  /** Text is sent as it is, anything else as JSON. Left out: `{ dependency, method, path }`. */
  body: z.json().optional(),
});

const cacheTtlField = () =>
  durationNsField()
    .transform((ttlNs) => ttlNs / NS_PER_S)
    .pipe(z.number().int("Cache-Control counts whole seconds").min(1));

/**
 * What one emulated dependency does with a call, in this order: a call over its limit is answered
 * at once; else a latency is drawn, and the answer, good or failed, is given when that has passed
 * (an error takes as long as a good answer: a dependency that is in trouble seldom says so early).
 */
export const dependencySchema = z
  .strictObject({
    latency: latencySchema,
    errors: faultSchema.optional(),
    limit: limitSchema.optional(),
    /** How long a caller may keep a good answer to a GET; left out: nothing may be kept. */
    cacheTtl: cacheTtlField().optional(),
    response: responseSchema.prefault({}),
    /** Arm → port. An arm that is not named gets any free port. */
    ports: z.record(z.string(), z.number().int().min(1).max(65_535)).default({}),
  })
  .superRefine(({ cacheTtl, response }, context) => {
    const own = Object.keys(response.headers).find((name) => /^cache-control$/i.test(name));
    if (cacheTtl === undefined || own === undefined) return;
    context.addIssue({
      code: "custom",
      path: ["response", "headers", own],
      message: "give cacheTtl or this header, not both",
    });
  })
  .transform(({ cacheTtl, ...rest }) => ({ ...rest, cacheTtlS: cacheTtl ?? null }));
export type DependencySpec = z.output<typeof dependencySchema>;
