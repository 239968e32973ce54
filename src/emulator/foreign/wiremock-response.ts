import { join } from "node:path";
import type { StubInput } from "../stub/index.ts";
import { bodyFileAt } from "./body-file.ts";
import {
  answerHeaders,
  asText,
  type Fields,
  fieldsOf,
  given,
  isFields,
  type Notes,
  textField,
} from "./model.ts";
import { NotTold } from "./not-told.ts";

const RESPONSE = [
  "status",
  "statusMessage",
  "headers",
  "body",
  "jsonBody",
  "base64Body",
  "bodyFileName",
  "fixedDelayMilliseconds",
  "delayDistribution",
  "chunkedDribbleDelay",
  "fault",
  "transformers",
  "transformerParameters",
  "proxyBaseUrl",
  "proxyUrlPrefixToRemove",
  "additionalProxyRequestHeaders",
  "removeProxyRequestHeaders",
];
/** WireMock cuts a reason phrase off there. */
const STATUS_MESSAGE_MAX = 1024;

type ResponseInput = NonNullable<StubInput["response"]>;

const FAULTS: Readonly<Record<string, NonNullable<StubInput["fault"]>>> = {
  EMPTY_RESPONSE: "empty",
  CONNECTION_RESET_BY_PEER: "reset",
  MALFORMED_RESPONSE_CHUNK: "malformed-chunk",
  RANDOM_DATA_THEN_CLOSE: "garbage",
};

function latencyOf(response: Fields, where: string, notes: Notes): StubInput["latency"] {
  const distribution = response["delayDistribution"];
  const fixedMs = Number(response["fixedDelayMilliseconds"] ?? 0);
  if (fixedMs > 0 && isFields(response["chunkedDribbleDelay"])) {
    const what = "beside fixedDelayMilliseconds: the head and the chunks begin after that delay";
    notes.add(`${where}.chunkedDribbleDelay`, what);
  }
  if (!isFields(distribution)) {
    return fixedMs > 0 ? { kind: "constant", value: `${fixedMs}ms` } : undefined;
  }
  if (fixedMs > 0)
    notes.add(`${where}.fixedDelayMilliseconds`, "left out beside delayDistribution");
  const ms = (name: string): string => `${Number(distribution[name])}ms`;
  switch (distribution["type"]) {
    case "lognormal":
      if (distribution["maxValue"] !== undefined) {
        notes.add(`${where}.delayDistribution.maxValue`, "left out: some delays are longer");
      }
      return { kind: "lognormal", median: ms("median"), sigma: Number(distribution["sigma"]) };
    case "uniform":
      return { kind: "uniform", min: ms("lower"), max: ms("upper") };
    case "fixed":
      return { kind: "constant", value: ms("milliseconds") };
    default:
      notes.add(`${where}.delayDistribution`, `${asText(distribution["type"])} is not supported`);
      return undefined;
  }
}

function transferOf(response: Fields): StubInput["transfer"] {
  const dribble = response["chunkedDribbleDelay"];
  if (!isFields(dribble)) return undefined;
  const chunks = Number(dribble["numberOfChunks"]);
  return { chunks, chunkGap: `${Number(dribble["totalDuration"]) / chunks}ms` };
}

function bodyOf(response: Fields, template: boolean, filesFolder: string) {
  const { base64Body, body, bodyFileName, jsonBody } = response;
  if (body !== undefined) return { body: asText(body) };
  if (jsonBody !== undefined) return { body: JSON.stringify(jsonBody) };
  if (base64Body !== undefined) return { base64: asText(base64Body) };
  if (bodyFileName === undefined) return {};
  const path = join(filesFolder, asText(bodyFileName));
  const bytes = bodyFileAt(path, "response.bodyFileName");
  return template ? { body: bytes.toString("utf8") } : { base64: bytes.toString("base64") };
}

/** As WireMock sends it: in Latin-1, on one line. */
function statusTextOf(response: Fields): string | undefined {
  return textField(response, "statusMessage")
    ?.slice(0, STATUS_MESSAGE_MAX)
    .replaceAll(/[\r\n\u{100}-\u{10ffff}]/gu, "?");
}

/** @throws NotTold for an address that is a template, where templates are not looked at */
function proxyOf(
  response: Fields,
  template: boolean,
  where: string,
  notes: Notes,
): ResponseInput["proxy"] {
  const to = textField(response, "proxyBaseUrl");
  if (to === undefined) return undefined;
  if (to.includes("{{")) {
    if (!template)
      throw new NotTold(`${where}.proxyBaseUrl: is a template, and no transformer reads it`);
  } else if (/[^/]\/+$/.test(to)) {
    notes.add(`${where}.proxyBaseUrl`, "the slash at its end is left out");
  }
  // Of several values, WireMock sends the first.
  const added = Object.fromEntries(
    Object.entries(fieldsOf(response["additionalProxyRequestHeaders"])).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.slice(0, 1) : value,
    ]),
  );
  const removed = response["removeProxyRequestHeaders"];
  return {
    to,
    headers: answerHeaders(added, `${where}.additionalProxyRequestHeaders`, notes),
    removeHeaders: (Array.isArray(removed) ? removed : []).map(asText),
    removePrefix: textField(response, "proxyUrlPrefixToRemove") ?? "",
  };
}

function responseOf(
  response: Fields,
  where: string,
  notes: Notes,
  filesFolder: string,
): ResponseInput {
  const headers = answerHeaders(fieldsOf(response["headers"]), `${where}.headers`, notes);
  const transformers = Array.isArray(response["transformers"]) ? response["transformers"] : [];
  const template = transformers.includes("response-template");
  for (const other of transformers.filter((each) => each !== "response-template")) {
    notes.add(`${where}.transformers`, `${String(other)} is not supported`);
  }
  const parameters = fieldsOf(response["transformerParameters"]) as ResponseInput["parameters"];
  const proxy = proxyOf(response, template, where, notes);
  // Of a proxy, WireMock looks at the headers alone.
  if (proxy !== undefined) return { headers, template, parameters, proxy };
  return {
    status: Number(response["status"] ?? 200),
    ...given({ statusText: statusTextOf(response) }),
    headers,
    template,
    parameters,
    ...bodyOf(response, template, filesFolder),
  };
}

/**
 * How a mapping's calls are answered: the response, when it comes, and what breaks it.
 * @throws NotTold for what there is not, and cannot be left out
 */
export function wiremockAnswer(
  response: Fields,
  where: string,
  notes: Notes,
  filesFolder: string,
): Pick<StubInput, "response" | "latency" | "transfer" | "fault"> {
  notes.unknown(response, RESPONSE, where);
  const fault = response["proxyBaseUrl"] === undefined ? textField(response, "fault") : undefined;
  const broken = fault === undefined ? undefined : FAULTS[fault];
  if (fault !== undefined && broken === undefined) {
    notes.add(`${where}.fault`, `${fault} is not supported`);
  }
  return {
    ...given({
      latency: latencyOf(response, where, notes),
      transfer: transferOf(response),
      fault: broken,
    }),
    // Beside a fault, WireMock looks at nothing of it: a malformed chunk comes in a 200.
    response: broken === undefined ? responseOf(response, where, notes, filesFolder) : {},
  };
}
