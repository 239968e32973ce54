/** What a part of a token says; undefined: it cannot be read. */
function partOf(encoded: string): unknown {
  // Buffer would leave out what is no base64url.
  if (!/^[\w-]*$/.test(encoded) || encoded.length % 4 === 1) return undefined;
  try {
    return JSON.parse(Buffer.from(encoded, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

/**
 * The `header` and the `payload` of a JSON Web Token (RFC 7519), as far as they can be read, as a
 * JSON document; null: it has not three parts, or is nested too deep. The signature is not looked at.
 */
export function jwtDocument(token: string): string | null {
  const parts = token.split(".");
  const [header = "", payload = ""] = parts;
  if (parts.length !== 3) return null;
  try {
    return JSON.stringify({ header: partOf(header), payload: partOf(payload) });
  } catch {
    return null;
  }
}
