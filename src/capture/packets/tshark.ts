import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ShakedownError, systemCodeOf } from "../../core/index.ts";
import { splitPieces } from "../split.ts";

/** A packet's fields as tshark names them, dots as underscores; each may be there several times. */
export type PacketFields = Readonly<Record<string, readonly string[] | undefined>>;

/** What tshark says of the whole file, once it has read what it could. */
export interface TsharkEnd {
  /** Why it could not read to the end; null when it did. */
  readonly failure: string | null;
}

const NEW_LINE = Buffer.from("\n");
/** A packet's line holds a whole message in hex. */
const LINE_MAX_BYTES = 256 * 2 ** 20;
const COMPLAINTS_MAX = 4_096;
/** What it says of every file when it is run by root. */
const ROOT_WARNING = /^Running as user .*$/gm;

/** A shell's word for a program that it does not find. */
const NOT_FOUND = 127;

type Tshark = ChildProcessByStdio<Writable, Readable, Readable>;

/** Its input must be a pipe, and Node's are sockets: `cat` is between them. */
function start(fields: readonly string[]): Tshark {
  const options = ["-n", "-r", "-", "-T", "ek"];
  const wanted = fields.flatMap((field) => ["-e", field]);
  const args = ["-c", 'cat | exec tshark "$@"', "sh", ...options, ...wanted];
  return spawn("/bin/sh", args, { stdio: ["pipe", "pipe", "pipe"] });
}

function missing(fileName: string): ShakedownError {
  return new ShakedownError(
    "TOOL_MISSING",
    `${fileName} is a packet capture, and tshark, which reads those, is not installed`,
    { hint: "install it (Debian and Ubuntu: apt install tshark; macOS: brew install wireshark)" },
  );
}

/**
 * Has tshark take a packet capture apart, and yields the given fields of each packet, in order;
 * then, once, how that ended. The capture is streamed through it.
 * @throws TOOL_MISSING when there is no tshark; whatever reading `chunks` throws
 */
export async function* packetsOf(
  chunks: AsyncIterable<Buffer>,
  fields: readonly string[],
  fileName: string,
): AsyncGenerator<PacketFields | TsharkEnd> {
  const tshark = start(fields);
  let complaints = "";
  tshark.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(0, COMPLAINTS_MAX);
  });
  const ended = once(tshark, "close") as Promise<[number | null]>;
  const feeding = pipeline(Readable.from(chunks), tshark.stdin).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  try {
    for await (const { bytes, oversize } of splitPieces(tshark.stdout, NEW_LINE, LINE_MAX_BYTES)) {
      const layers = oversize ? undefined : layersOf(bytes);
      if (layers !== undefined) yield layers;
    }
    const fed = await feeding;
    const [exitCode] = await ended;
    if (exitCode === NOT_FOUND) throw missing(fileName);
    // It stops reading where it stops understanding; anything else is the file's own trouble.
    if (fed !== null && systemCodeOf(fed) !== "EPIPE") throw fed;
    const said = complaints.replace(ROOT_WARNING, "").replace(/\s+/g, " ").trim();
    yield { failure: exitCode === 0 ? null : said === "" ? `exit code ${exitCode}` : said };
  } finally {
    // Without its input, all of them end.
    tshark.stdin.destroy();
    tshark.stdout.destroy();
  }
}

/** Of a line that is a packet; each is preceded by one that only names an index. */
function layersOf(line: Buffer): PacketFields | undefined {
  if (!line.includes('"layers"')) return undefined;
  const { layers } = JSON.parse(line.toString("utf8")) as { readonly layers?: PacketFields };
  return layers;
}
