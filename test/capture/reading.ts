import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Captured,
  type CaptureFormat,
  type CaptureItem,
  type CaptureOptions,
  captureProfile,
} from "../../src/capture/index.ts";
import { CAPTURE_FORMATS } from "../../src/capture/import.ts";

export const fixture = (name: string): string =>
  new URL(`fixtures/${name}`, import.meta.url).pathname;

export function formatNamed(name: string): CaptureFormat {
  const format = CAPTURE_FORMATS.find((one) => one.name === name);
  if (format === undefined) throw new Error(`no format ${name}`);
  return format;
}

/** What a format reads from these bytes, cut into chunks at the given places. */
export async function itemsOf(
  name: string,
  bytes: Buffer,
  cuts: readonly number[] = [],
): Promise<CaptureItem[]> {
  const ends = [...new Set([...cuts, bytes.length])].toSorted((a, b) => a - b);
  const chunks = async function* (): AsyncGenerator<Buffer> {
    let from = 0;
    for (const to of ends) {
      yield bytes.subarray(from, to);
      from = to;
    }
  };
  const file = {
    name: "x",
    head: bytes.subarray(0, 65_536),
    chunks: chunks(),
    fingerprint: () => ({ bytes: bytes.length, sha256: "" }),
    damage: () => null,
  };
  const items: CaptureItem[] = [];
  for await (const read of formatNamed(name).read(file)) items.push(...[read].flat());
  return items;
}

/** The first request among items. */
export function requestOf(items: readonly CaptureItem[]) {
  const item = items.find(({ kind }) => kind === "request");
  if (item?.kind !== "request") throw new Error(`no request in ${JSON.stringify(items)}`);
  return item.request;
}

export const reasonsOf = (items: readonly CaptureItem[]): string[] =>
  items.flatMap((item) => (item.kind === "rejected" ? [item.reason] : []));

export const KEYED: CaptureOptions = { name: "test", key: Buffer.alloc(32, 7), redact: true };

/** Captures texts as if they were files of these names. */
export async function captureTexts(
  files: Readonly<Record<string, string | Buffer>>,
  options: Partial<CaptureOptions> = {},
): Promise<Captured> {
  const folder = await mkdtemp(join(tmpdir(), "shakedown-capture-"));
  try {
    const paths = Object.keys(files).map((name) => join(folder, name));
    for (const [index, text] of Object.values(files).entries())
      await writeFile(paths[index]!, text);
    return await captureProfile(paths, { ...KEYED, ...options });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SEPARATOR = "\n🐵🙈🙉\n";

/** A GoReplay file of these records, each given without its separator. */
export const gorOf = (...records: readonly string[]): string =>
  records.map((record) => record + SEPARATOR).join("");

/** One request record; `head` is `METHOD path`. */
export function gorRequest(
  head: string,
  {
    id = "a1",
    ns = "1700000000000000000",
    headers = "",
    body = "",
  }: { id?: string; ns?: string; headers?: string; body?: string } = {},
): string {
  return `1 ${id} ${ns}\n${head} HTTP/1.1\r\nHost: shop\r\n${headers}\r\n${body}`;
}
