import { jsonShape } from "./json-scan.ts";

interface LookAlike {
  readonly is: string;
  readonly hint: string;
}

/** Kinds of JSON file that are taken for captures, by the outermost keys that give them away. */
const JSON_KINDS: readonly (LookAlike & { readonly keys: readonly (readonly string[])[] })[] = [
  {
    is: "OpenTelemetry logs or metrics in OTLP/JSON",
    hint: "capture the traces instead",
    keys: [["resourceLogs"], ["resourceMetrics"]],
  },
  {
    is: "a dump of OpenTelemetry Java's SpanData (not OTLP, though it looks like it)",
    hint: "export the spans as OTLP (JSON or protobuf), and capture that",
    keys: [["totalAttributeCount"], ["totalRecordedEvents"], ["endEpochNanos"]],
  },
  {
    is: "a shakedown profile already",
    hint: "use it as it is: `shakedown profile <file>`, or name it in a scenario",
    keys: [["shakedownProfile"]],
  },
  {
    is: "a Postman collection",
    hint: "a collection has no times; capture real traffic instead",
    keys: [["info", "item"]],
  },
];

function jsonKindOf(head: Buffer): LookAlike | undefined {
  const shape = jsonShape(head);
  if (shape === undefined) return undefined;
  const kind = JSON_KINDS.find(({ keys }) =>
    keys.some((all) => all.every((key) => shape.keys.includes(key))),
  );
  return kind;
}

const EMPTY: LookAlike = { is: "empty", hint: "look whether it was written, and copied whole" };
const UTF_16: LookAlike = {
  is: "text in UTF-16",
  hint: "write it anew in UTF-8: iconv -f utf-16 -t utf-8 <file> > utf8, then capture utf8",
};
const UTF_16_BEGINS = new Set(["fffe", "feff"]);

/** What a file is that is no capture, where that can be told; for a refusal that says so. */
export function lookAlikeOf(head: Buffer): LookAlike | undefined {
  if (head.length === 0) return EMPTY;
  if (UTF_16_BEGINS.has(head.toString("hex", 0, 2))) return UTF_16;
  return jsonKindOf(head);
}

/** The first bytes for a message: text as it is, anything else in hex. */
export function firstBytesOf(head: Buffer): string {
  if (head.length === 0) return "nothing: it is empty";
  const start = head.subarray(0, 32);
  const text = start.toString("latin1");
  return /^[\x20-\x7e\r\n\t]*$/.test(text) ? JSON.stringify(text) : `hex ${start.toString("hex")}`;
}
