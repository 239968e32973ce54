import { z } from "zod";
import { NS_PER_MS, NS_PER_S } from "../core/index.ts";
import { durationNsField } from "../core/fields/index.ts";
import { writtenCapacitySchema } from "./capacity/index.ts";
import { faultSchema } from "./fault/index.ts";
import { headersSchema } from "./headers.ts";
import { latencySchema } from "./latency/index.ts";
import { limitSchema } from "./limit/index.ts";
import { connectionFaultSchema } from "./listen/connection-faults.ts";
import { stubSchema } from "./stub/schema.ts";
import { tcpSchema, type TroubleWindow } from "./tcp/index.ts";
import { transferSchema } from "./transfer/index.ts";

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

/** Arm → port. An arm that is not named gets any free port. */
const portsField = () => z.record(z.string(), z.number().int().min(1).max(65_535)).default({});

const pem = z.string().min(1).describe("a PEM file, from the file's folder, or its text");

const httpSchema = z
  .strictObject({
    protocol: z.literal("http").default("http"),
    latency: latencySchema,
    transfer: transferSchema.optional(),
    capacity: writtenCapacitySchema.optional(),
    errors: faultSchema.optional(),
    limit: limitSchema.optional(),
    connections: z.array(connectionFaultSchema).max(32).default([]),
    /**
     * Serves https, and HTTP/2 where it is agreed upon; with `generated`, as localhost, 127.0.0.1
     * and ::1, by a certificate that is made when the emulator starts.
     */
    tls: z.union([z.literal("generated"), z.strictObject({ cert: pem, key: pem })]).optional(),
    /** A request that has not come whole by then is answered with 408. */
    requestTimeout: durationNsField()
      .refine((timeoutNs) => timeoutNs >= NS_PER_MS, "1ms or more")
      .default(60 * NS_PER_S),
    /** How long a caller may keep a good answer to a GET; left out: nothing may be kept. */
    cacheTtl: cacheTtlField().optional(),
    price: z
      .number("what one call costs, a number without a currency: 0.002")
      .min(0, "a call costs nothing or more: 0 or above")
      .optional()
      .describe("what one call costs, in whatever currency: for the metric `cost`"),
    response: responseSchema.prefault({}),
    /** What is answered to which call, in place of `response`. */
    stubs: z.array(stubSchema).max(10_000).default([]),
    /** Files of stubs of other tools: WireMock mappings, Hoverfly simulations, OpenAPI. */
    import: z
      .union([z.string().transform((path) => [path]), z.array(z.string()).max(100)])
      .default([]),
    /** What a call is answered that no stub is for: 404, with the nearest stub, or `response`. */
    unmatched: z.union([z.literal(404), z.literal("response")]).default(404),
    instances: z
      .enum(["one", "each"])
      .optional()
      .describe(
        "where a fleet's workers emulate: one of them serves it (unless given), or each is an instance",
      ),
    limitScope: z
      .enum(["all", "instance"])
      .optional()
      .describe("with instances: each, whether its limit is over all (unless given), or of each"),
    ports: portsField(),
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
  .superRefine(({ connections, tls }, context) => {
    for (const [index, { kind }] of connections.entries()) {
      if (!kind.startsWith("tls-") || tls !== undefined) continue;
      const path = ["connections", index, "kind"];
      context.addIssue({ code: "custom", path, message: `${kind} needs tls` });
    }
  })
  .transform(({ cacheTtl, requestTimeout, tls, ...rest }) => ({
    ...rest,
    tls: tls ?? null,
    cacheTtlS: cacheTtl ?? null,
    requestTimeoutMs: Math.ceil(requestTimeout / NS_PER_MS),
  }));

const tcpDependencySchema = z.strictObject({
  protocol: z.literal("tcp"),
  tcp: tcpSchema,
  ports: portsField(),
});

/**
 * What one emulated dependency does with a call, in this order: a call over its limit is answered
 * at once; else a latency is drawn, a server of its capacity is waited for and kept busy for so
 * long, and the answer, good or failed, is given when that has passed (an error takes as long as a
 * good answer: a dependency that is in trouble seldom says so early).
 *
 * With `protocol: tcp` it is something real, behind a proxy.
 */
export const dependencySchema = z.discriminatedUnion("protocol", [httpSchema, tcpDependencySchema]);
export type HttpSpec = z.output<typeof httpSchema>;
/** With what stages do to it: see `withProbes`. */
export type TcpDependencySpec = z.output<typeof tcpDependencySchema> & {
  readonly troubles?: readonly TroubleWindow[];
};
export type DependencySpec = HttpSpec | TcpDependencySpec;
