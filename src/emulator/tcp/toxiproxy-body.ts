import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { messageOf, ShakedownError } from "../../core/index.ts";
import { parseListen, parseHostPort } from "../address.ts";
import {
  attributesOf,
  STREAMS,
  TOXIC_TYPES,
  toxicOfAttributes,
  type ToxicSpec,
} from "./toxic/index.ts";

/** What a client did wrong, or what could not be done, in Toxiproxy's words. */
export class ToxiproxyRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ToxiproxyRefusal";
    this.status = status;
  }
}

const BODY_BYTES_MAX = 1_000_000;
const badBody = (reason: string) => new ToxiproxyRefusal(400, `bad request body: ${reason}`);

/** As Go reads JSON: keys in any case (the last of several wins), and null is as good as absent. */
function fieldsOf(value: unknown): Record<string, unknown> {
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw badBody("an object is expected");
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([key, field]) => [key.toLowerCase(), field as unknown]));
}

/**
 * The request's body as text; null when it is over 1 MB: what is over is read, and forgotten, so
 * that the client gets to read the answer.
 */
export async function readText(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString("utf8");
}

/**
 * A body as JSON.
 * @throws ToxiproxyRefusal 400 when it is not JSON, 413 when it was over 1 MB
 */
export function parseJson(text: string | null): unknown {
  if (text === null) throw new ToxiproxyRefusal(413, "the body is over 1 MB");
  if (text.trim() === "") throw badBody("EOF");
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw badBody(messageOf(thrown));
  }
}

function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw badBody(`${issue?.path.join(".")}: ${issue?.message}`);
}

const proxyBody = z.object({
  name: z.string().default(""),
  listen: z.string().default(""),
  upstream: z.string().default(""),
  enabled: z.boolean().default(true),
});
export type ProxyBody = z.output<typeof proxyBody>;

function checkAddresses({ listen, upstream }: { listen: string; upstream: string }): void {
  try {
    parseListen(listen);
    parseHostPort(upstream);
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError)) throw thrown;
    throw badBody(`${thrown.message} (${thrown.hint})`);
  }
}

/** A proxy to be made; `at` tells which of several it is, in messages. */
export function readProxy(value: unknown, at = ""): ProxyBody {
  const body = read(proxyBody, fieldsOf(value));
  if (body.name === "") throw new ToxiproxyRefusal(400, `missing required field: name${at}`);
  if (body.upstream === "")
    throw new ToxiproxyRefusal(400, `missing required field: upstream${at}`);
  // Nowhere in particular: a free port.
  const proxy = { ...body, listen: body.listen === "" ? "127.0.0.1:0" : body.listen };
  checkAddresses(proxy);
  return proxy;
}

/** Proxies to be made: all are looked at before any is made. */
export function readProxies(value: unknown): readonly ProxyBody[] {
  if (!Array.isArray(value)) throw badBody("a list of proxies is expected");
  const bodies = value.map((one: unknown, i) => readProxy(one, ` at proxy ${i + 1}`));
  const names = new Set<string>();
  for (const { name } of bodies) {
    if (names.has(name)) throw badBody(`duplicate proxy name "${name}"`);
    names.add(name);
  }
  return bodies;
}

const proxyChange = z.object({
  listen: z.string(),
  upstream: z.string(),
  enabled: z.boolean(),
});
export type ProxyChange = z.output<typeof proxyChange>;

/** A change of a proxy: what it does not tell stays; another name is ignored. */
export function readProxyChange(value: unknown, current: ProxyChange): ProxyChange {
  const change = read(proxyChange, { ...current, ...fieldsOf(value) });
  checkAddresses(change);
  return change;
}

const toxicityField = () => z.number().min(0).max(1);
const toxicBody = z.object({
  name: z.string().default(""),
  type: z.string().default(""),
  stream: z.string().default("downstream"),
  toxicity: toxicityField().default(1),
});

function withAttributes(
  type: string,
  attributes: Readonly<Record<string, unknown>>,
  place: Pick<ToxicSpec, "name" | "stream" | "toxicity">,
): ToxicSpec {
  try {
    return toxicOfAttributes(type, attributes, place);
  } catch (thrown) {
    if (!(thrown instanceof z.ZodError)) throw thrown;
    const [issue] = thrown.issues;
    throw badBody(`attributes.${issue?.path.join(".")}: ${issue?.message}`);
  }
}

/** A toxic to be put on a proxy, with Toxiproxy's defaults. */
export function readToxic(value: unknown): ToxicSpec {
  const fields = fieldsOf(value);
  const { name, type, stream: written, toxicity } = read(toxicBody, fields);
  const stream = STREAMS.find((one) => one === written.toLowerCase());
  if (stream === undefined) {
    throw new ToxiproxyRefusal(400, "stream was invalid, can be either upstream or downstream");
  }
  if (!TOXIC_TYPES.some((known) => known === type)) {
    throw new ToxiproxyRefusal(400, "invalid toxic type");
  }
  const place = { name: name === "" ? `${type}_${written}` : name, stream, toxicity };
  return withAttributes(type, fieldsOf(fields["attributes"] ?? null), place);
}

/** A change of a toxic: attributes that it does not tell stay, and so do type, name and stream. */
export function readToxicChange(value: unknown, current: ToxicSpec): ToxicSpec {
  const fields = fieldsOf(value);
  const change = read(z.object({ toxicity: toxicityField().default(current.toxicity) }), fields);
  const told = fieldsOf(fields["attributes"] ?? null);
  const { type, name, stream } = current;
  const spec = withAttributes(type, told, { name, stream, ...change });
  const kept = Object.entries(attributesOf(current)).filter(([key]) => !(key in told));
  return Object.assign(spec, Object.fromEntries(kept));
}
