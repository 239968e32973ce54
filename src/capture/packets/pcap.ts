import type { CapturedRequest, CaptureFormat, CaptureItem } from "../format.ts";
import { headerOf, targetOf } from "../http-fields.ts";
import {
  answerBodyBytes,
  type MessageHead,
  parseHead,
  parseRequestLine,
  requestBody,
  Unusable,
} from "../http-message.ts";
import { type PacketFields, packetsOf } from "./tshark.ts";

/** Classic pcap in either byte order, with µs or ns; and pcapng. */
const MAGIC = /^(?:a1b2c3d4|d4c3b2a1|a1b23c4d|4d3cb2a1|0a0d0d0a)/;

const FIELDS = [
  "frame.number",
  "frame.time_epoch",
  "ip.src",
  "ipv6.src",
  "tcp.stream",
  "tcp.segment",
  "tcp.payload",
  "tcp.reassembled.data",
  "http.request.method",
  "http.response.code",
  "http.request_in",
  "tls.record.content_type",
  "http2.streamid",
];
/** Packets whose times are remembered: a request's first byte may have come some packets before. */
const TIMES_MAX = 200_000;

/** When packets were seen, by their numbers. */
class PacketTimes {
  readonly #ns = new Map<string, bigint>();

  add(number: string, atNs: bigint): void {
    this.#ns.set(number, atNs);
    if (this.#ns.size <= TIMES_MAX) return;
    const [oldest] = this.#ns.keys();
    this.#ns.delete(oldest!);
  }

  of(number: string | undefined): bigint | undefined {
    return number === undefined ? undefined : this.#ns.get(number);
  }
}

/** `1361916156.066599000` in nanoseconds. */
function epochNs(text: string): bigint | undefined {
  const match = /^(\d+)\.(\d{1,9})$/.exec(text);
  if (match === null) return undefined;
  return BigInt(match[1]!) * 1_000_000_000n + BigInt(match[2]!.padEnd(9, "0"));
}

/** The bytes of the messages that a packet completes. */
const bytesOf = (packet: PacketFields): Buffer =>
  Buffer.from(
    (packet["tcp_reassembled_data"]?.at(-1) ?? packet["tcp_payload"]?.[0] ?? "").replaceAll(
      ":",
      "",
    ),
    "hex",
  );

/** How many bytes a request takes; all there are where that is not said. */
function lengthOf(bytes: Buffer, head: MessageHead, method: string): number {
  const length = Number(headerOf(head.headers, "content-length") ?? Number.NaN);
  if (Number.isSafeInteger(length)) return head.bodyAt + length;
  const chunked = headerOf(head.headers, "transfer-encoding") !== undefined;
  return chunked || !["GET", "HEAD", "DELETE", "OPTIONS"].includes(method)
    ? bytes.length
    : head.bodyAt;
}

interface Seen {
  readonly arrivalNs: bigint;
  readonly place: string;
  readonly packet: PacketFields;
}

const streamOf = (packet: PacketFields): string => packet["tcp_stream"]?.[0] ?? "?";
/** Names a request for the answer that tshark says is its own. */
const idOf = (stream: string, frame: string): string => `${stream}/${frame}`;

function requestFrom(bytes: Buffer, { arrivalNs, packet, place }: Seen): [CapturedRequest, number] {
  const head = parseHead(bytes);
  const { method, target } = parseRequestLine(head.firstLine);
  const found = targetOf(target);
  if (found === undefined) throw new Unusable("the request target is not a path");
  const stream = streamOf(packet);
  const request: CapturedRequest = {
    place,
    arrivalNs,
    method,
    path: found.path,
    host: found.host ?? headerOf(head.headers, "host")?.toLowerCase(),
    headers: head.headers,
    body: requestBody(bytes, head, method),
    id: idOf(stream, packet["frame_number"]?.[0] ?? ""),
    connection: stream,
    client: packet["ip_src"]?.[0] ?? packet["ipv6_src"]?.[0],
  };
  return [request, lengthOf(bytes, head, method)];
}

/** The requests that a packet completes: mostly one, several where they were pipelined. */
function* requestsOf(seen: Seen): Generator<CaptureItem> {
  let bytes = bytesOf(seen.packet);
  for (const _ of seen.packet["http_request_method"] ?? []) {
    try {
      const [request, length] = requestFrom(bytes, seen);
      yield { kind: "request", request };
      bytes = bytes.subarray(length);
    } catch (thrown) {
      if (!(thrown instanceof Unusable)) throw thrown;
      yield { kind: "rejected", place: seen.place, reason: thrown.message };
      bytes = bytes.subarray(bytes.length);
    }
  }
}

/** Answers end with the packet that completes them. */
function* answersOf(packet: PacketFields, endNs: bigint): Generator<CaptureItem> {
  const asked = packet["http_request_in"] ?? [];
  const codes = packet["http_response_code"] ?? [];
  // Of several answers in one packet, the sizes are not told apart.
  const responseBytes = codes.length === 1 ? answerBodyBytes(bytesOf(packet)) : undefined;
  for (const [index, code] of codes.entries()) {
    const status = Number(code);
    const frame = asked[index];
    // An interim answer is none yet; one whose request was not captured is nobody's.
    if (status >= 200 && frame !== undefined) {
      const id = idOf(streamOf(packet), frame);
      yield { kind: "answer", id, status, endNs, responseBytes };
    }
  }
}

/**
 * Packet captures, of tcpdump, Wireshark and others: HTTP/1 in the clear, on any port, as tshark
 * puts it together. A request arrives with its first packet, and its answer is over with the last
 * one: seen from where the packets were captured.
 */
export const pcapFormat: CaptureFormat = {
  name: "pcap",
  description: "packet capture, pcap or pcapng (read through tshark)",
  timePrecisionNs: 1e3,

  sniff: (head) => MAGIC.test(head.toString("hex", 0, 4)),

  async *read({ chunks, name }) {
    const times = new PacketTimes();
    const connections = new Set<string>();
    const asking = new Set<string>();
    let [encrypted, http2] = [0, 0];
    for await (const packet of packetsOf(chunks, FIELDS, name)) {
      if ("failure" in packet) {
        if (packet.failure !== null) {
          const reason = "the packet capture is damaged or cut off";
          yield { kind: "rejected", place: name, reason };
          yield { kind: "warning", text: `${name}: tshark says: ${String(packet.failure)}` };
        }
        continue;
      }
      const number = packet["frame_number"]?.[0] ?? "";
      const atNs = epochNs(packet["frame_time_epoch"]?.[0] ?? "");
      if (atNs === undefined) continue;
      times.add(number, atNs);
      if (packet["tcp_stream"] !== undefined) connections.add(streamOf(packet));
      if (packet["http_request_method"] !== undefined) asking.add(streamOf(packet));
      if (packet["tls_record_content_type"] !== undefined) encrypted++;
      if (packet["http2_streamid"] !== undefined) http2++;
      const arrivalNs = times.of(packet["tcp_segment"]?.[0]) ?? atNs;
      yield* requestsOf({ packet, arrivalNs, place: `${name}:packet ${number}` });
      yield* answersOf(packet, atNs);
    }
    yield* notesOn(name, { connections: connections.size, asking: asking.size, encrypted, http2 });
  },
};

function* notesOn(
  name: string,
  seen: {
    readonly connections: number;
    /** Of these, those with requests. */
    readonly asking: number;
    readonly encrypted: number;
    readonly http2: number;
  },
): Generator<CaptureItem> {
  const { asking, connections, encrypted, http2 } = seen;
  const warning = (text: string): CaptureItem => ({ kind: "warning", text: `${name}: ${text}` });
  if (connections > asking) {
    const rest = "those without HTTP requests in the clear give none";
    yield warning(`${asking} of ${connections} TCP connections have requests; ${rest}`);
  }
  if (encrypted > 0)
    yield warning(`${encrypted} packets are encrypted (TLS): what is in them is not read`);
  if (http2 > 0) yield warning(`${http2} packets are HTTP/2, which is not read from packets`);
}
