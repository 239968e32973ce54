import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";

type Inflate = (bytes: Buffer, limit: { readonly maxOutputLength: number }) => Buffer;

const INFLATE: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  ["deflate", inflateSync],
  ["br", brotliDecompressSync],
  ["zstd", zstdDecompressSync],
]);

/** The values of one header, in order; its name is lower-case. */
export function headerValues(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const found = headers[i]!;
    if (found.length === name.length && found.toLowerCase() === name) values.push(headers[i + 1]!);
  }
  return values;
}

/**
 * A body with its content coding undone; null when that is unknown or broken, or when there is, or
 * comes out, more than `maxBytes`.
 */
export function decodedBody(
  headers: readonly string[],
  body: Buffer,
  maxBytes: number,
): Buffer | null {
  if (body.length > maxBytes) return null;
  const coding = headerValues(headers, "content-encoding").join(",").trim().toLowerCase();
  if (coding === "" || coding === "identity") return body;
  // What came without a body, as to HEAD, has nothing to be undone.
  if (body.length === 0) return body;
  try {
    return INFLATE.get(coding)?.(body, { maxOutputLength: maxBytes }) ?? null;
  } catch {
    return null;
  }
}
