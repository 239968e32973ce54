import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import { durationNsField, messageOf, NS_PER_S } from "../../core/index.ts";

/** What the generator sets on every request itself. */
const OWN_HEADERS = /^(?:content-length|transfer-encoding|connection|traceparent|x-request-id)$/i;

const headers = z
  .record(z.string(), z.string())
  .superRefine((given, context) => {
    for (const [header, value] of Object.entries(given)) {
      const fault = (message: string): void =>
        context.addIssue({ code: "custom", path: [header], message });
      if (OWN_HEADERS.test(header)) fault("is set by the generator");
      try {
        validateHeaderName(header);
        validateHeaderValue(header, value);
      } catch (thrown) {
        fault(messageOf(thrown));
      }
    }
  })
  .default({});

const commandArm = z.strictObject({
  command: z
    .string()
    .regex(/\S/, "a command to start, such as node server.js")
    .describe("started in the scenario's folder; PORT says where to listen"),
  env: z
    .record(z.string(), z.coerce.string())
    .refine((env) => !Object.hasOwn(env, "PORT"), "PORT is set by the run; use `port` to fix it")
    .default({}),
  port: z.int().min(1).max(65_535).optional().describe("a free one is chosen unless this is given"),
  ready: z
    .string()
    .startsWith("/", "a path, such as /healthz")
    .default("/")
    .describe("answers below 500 when the arm is up"),
  readyWithin: durationNsField().default(20 * NS_PER_S),
  headers,
});

const tls = z
  .strictObject({
    ca: z.string().optional().describe("PEM file of the authorities to trust"),
    cert: z.string().optional().describe("PEM file of the client's certificate"),
    key: z.string().optional().describe("PEM file of its key"),
    servername: z.string().optional().describe("the name asked for (SNI) and checked"),
    insecure: z.boolean().default(false).describe("take any certificate"),
  })
  .refine((given) => (given.cert === undefined) === (given.key === undefined), {
    error: "a client's certificate needs both `cert` and `key`",
  });

const urlArm = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: "an http(s) address, such as http://127.0.0.1:8080" })
    .refine((url) => !URL.canParse(url) || new URL(url).href === `${new URL(url).origin}/`, {
      error: "an address alone: paths come from the profile, credentials go in `headers`",
    }),
  headers,
  tls: tls.optional().describe("for https; paths are from the scenario's folder"),
  http2: z.boolean().default(false).describe("speak HTTP/2"),
});

/** One side: a command that we start, or the address of something that runs. */
export const arm = z.union([commandArm, urlArm]);
export type ScenarioArm = z.output<typeof arm>;
