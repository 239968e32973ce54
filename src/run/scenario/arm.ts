import { z } from "zod";
import { messageOf, nodeHttp, NS_PER_S } from "../../core/index.ts";
import { durationNsField } from "../../core/fields/index.ts";
import { name } from "./name.ts";

const { validateHeaderName, validateHeaderValue } = nodeHttp();

/** What the generator sets on every request itself. */
const OWN_HEADERS = /^(?:content-length|transfer-encoding|connection|traceparent|x-request-id)$/i;

/** Why a header cannot be put on every request; undefined where it can. */
export function headerFault(header: string, value: string): string | undefined {
  if (OWN_HEADERS.test(header)) return "is set by the generator";
  try {
    validateHeaderName(header);
    validateHeaderValue(header, value);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** Headers by name, each of which can be sent. */
export const headers = z
  .record(z.string(), z.string())
  .superRefine((given, context) => {
    for (const [header, value] of Object.entries(given)) {
      const message = headerFault(header, value);
      if (message !== undefined) context.addIssue({ code: "custom", path: [header], message });
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

/** So many at most: each takes from the alpha of the others, and load from the host. */
const VARIANTS_MAX = 7;

/** The control, which comes first however they are written, and what is compared with it. */
export const comparedArms = z
  .object({ control: arm })
  .catchall(arm)
  .superRefine(({ control: _control, ...variants }, context) => {
    const fault = (message: string, path: string[] = []): void =>
      context.addIssue({ code: "custom", path, message });
    const names = Object.keys(variants);
    for (const each of names) {
      const { error } = name.safeParse(each);
      if (error !== undefined) fault(error.issues[0]!.message, [each]);
      if (each === "target")
        fault("stands alone: an arm beside `control` has another name", [each]);
    }
    if (names.length === 0) fault("compare nothing: name a variant beside `control`");
    if (names.length > VARIANTS_MAX) {
      fault(`are ${names.length} variants; ${VARIANTS_MAX} at most, since they share one alpha`);
    }
  })
  .describe(`the control, and one to ${VARIANTS_MAX} variants of any name, all loaded at once`);
