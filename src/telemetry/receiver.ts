import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { nodeHttp } from "../core/index.ts";
import { type OtlpEncoding, readPoints, readSpans } from "../otlp/index.ts";
import { failureBody, mediaTypeOf, type SignalPath, SIGNALS, successBody } from "./answer.ts";
import type { Intake, Refusal, Rejected } from "./intake.ts";
import { INTAKE_LIMITS } from "./limits.ts";

const { createServer } = nodeHttp();

const unpack = promisify(gunzip);
const REQUEST_MS = 10_000;
const NOTHING_REJECTED: Rejected = { count: 0, because: "" };

/** An answer that is none of success. */
class Refused extends Error {
  readonly status: number;
  readonly reason: Refusal;

  constructor(status: number, reason: Refusal, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

function encodingOf(request: IncomingMessage): OtlpEncoding {
  const type = (request.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
  if (type === "application/json") return "json";
  if (type === "application/x-protobuf") return "protobuf";
  throw new Refused(415, "not OTLP", "send application/x-protobuf or application/json");
}

function pathOf(request: IncomingMessage): SignalPath {
  const [path = ""] = (request.url ?? "").split("?");
  if (!Object.hasOwn(SIGNALS, path)) {
    throw new Refused(404, "not OTLP", `send to ${Object.keys(SIGNALS).join(", ")}`);
  }
  if (request.method !== "POST") throw new Refused(405, "not OTLP", "send a POST");
  return path as SignalPath;
}

const tooLarge = (): Refused =>
  new Refused(413, "body too large", "a body is 4 MiB at most, 16 MiB unpacked");

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > INTAKE_LIMITS.bodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const packed = request.headers["content-encoding"] ?? "identity";
  if (packed === "identity") return body;
  if (packed !== "gzip") throw new Refused(415, "not OTLP", "pack bodies with gzip, or not at all");
  try {
    return await unpack(body, { maxOutputLength: INTAKE_LIMITS.inflatedBytes });
  } catch (thrown) {
    if (thrown instanceof RangeError) throw tooLarge();
    throw new Refused(400, "not OTLP", "the body is not gzip");
  }
}

/** Lets so many requests a second through, as many at once. */
class Rate {
  #left: number = INTAKE_LIMITS.requestsPerSec;
  #lastNs = 0;

  passes(nowNs: number): boolean {
    const earned = ((nowNs - this.#lastNs) / 1e9) * INTAKE_LIMITS.requestsPerSec;
    this.#left = Math.min(this.#left + earned, INTAKE_LIMITS.requestsPerSec);
    this.#lastNs = nowNs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

function take(
  intake: Intake,
  given: { readonly path: SignalPath; readonly encoding: OtlpEncoding; readonly body: Uint8Array },
  nowNs: number,
): Rejected {
  const { body, encoding, path } = given;
  try {
    if (path === "/v1/metrics") return intake.takePoints(readPoints(body, encoding), nowNs);
    if (path === "/v1/traces") return intake.takeSpans(readSpans(body, encoding), nowNs);
    return NOTHING_REJECTED;
  } catch {
    throw new Refused(400, "not OTLP", `the body is no OTLP message in ${encoding}`);
  }
}

function refuse(
  intake: Intake,
  { encoding, response }: { readonly encoding: OtlpEncoding; readonly response: ServerResponse },
  thrown: unknown,
): void {
  // Whoever hangs up in the middle of a body gets no answer.
  const refused =
    thrown instanceof Refused ? thrown : new Refused(400, "not OTLP", "the body broke off");
  intake.refuse(refused.reason);
  if (response.destroyed) return;
  response.writeHead(refused.status, {
    "content-type": mediaTypeOf(encoding),
    // What is still to come of the body is not read.
    connection: "close",
    ...(refused.status === 429 ? { "retry-after": "1" } : {}),
  });
  response.end(failureBody(encoding, refused.message));
}

/**
 * A server of OTLP over HTTP for one arm: metrics and traces are taken in, logs are taken and
 * dropped. Whatever comes, it answers as the specification says, counts it, and goes on.
 */
export function otlpServer(intake: Intake, nowNs: () => number): Server {
  const rate = new Rate();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let encoding: OtlpEncoding = "json";
    try {
      intake.countRequest();
      if (!rate.passes(nowNs())) {
        throw new Refused(429, "too many requests", "send fewer and larger requests");
      }
      const path = pathOf(request);
      encoding = encodingOf(request);
      const body = await bodyOf(request);
      const rejected = take(intake, { path, encoding, body }, nowNs());
      response.writeHead(200, { "content-type": mediaTypeOf(encoding) });
      response.end(successBody(encoding, path, rejected));
    } catch (thrown) {
      refuse(intake, { encoding, response }, thrown);
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  server.maxConnections = INTAKE_LIMITS.connections;
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = REQUEST_MS;
  server.on("clientError", (_error, socket) => {
    intake.refuse("not OTLP");
    socket.destroy();
  });
  return server;
}
