/** What to put in place of a value in a JSON text. Both must keep the text's meaning as JSON. */
export interface JsonVisitor {
  /** Whether a key's value, with all that is in it, is secret. */
  isSecret(key: string): boolean;
  /** A secret string's (decoded) or number's new text. */
  secret(value: string): string;
  /** Any other string's (decoded) or number's new text. */
  plain(value: string): string;
}

/** Strings (also one cut off at the end), punctuation, and everything else that is not blank. */
const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)|[{}[\]:,]|[^\s"{}[\]:,]+/g;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

interface Frame {
  readonly object: boolean;
  readonly secret: boolean;
  /** In an object: the next string is a key. */
  wantsKey: boolean;
  keySecret: boolean;
}

function decoded(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    // Cut off, or with raw control characters: taken as it stands.
    return token.slice(1, token.length > 1 && token.endsWith('"') ? -1 : undefined);
  }
}

/** A string token with another text in it; a token without its closing quote stays without it. */
function encoded(token: string, before: string, after: string): string {
  if (after === before) return token;
  const made = JSON.stringify(after);
  return token.length > 1 && token.endsWith('"') ? made : made.slice(0, -1);
}

function numberLike(token: string, visitor: JsonVisitor): string {
  // The exponent's size would change the value's nature, so only the mantissa is replaced.
  const [mantissa = "", exponent] = token.split(/(?=[eE])/);
  return visitor.secret(mantissa) + (exponent ?? "");
}

/**
 * Rewrites the values of a JSON text and leaves every other byte as it was. Tolerant: a text that
 * is cut off, or several texts in a row (NDJSON), are rewritten as far as they go.
 */
export function rewriteJson(text: string, visitor: JsonVisitor): string {
  const stack: Frame[] = [];
  const secretHere = (): boolean => {
    const top = stack.at(-1);
    return top !== undefined && (top.secret || (top.object && top.keySecret));
  };
  const value = (token: string): string => {
    if (token.startsWith('"')) {
      const before = decoded(token);
      return encoded(token, before, secretHere() ? visitor.secret(before) : visitor.plain(before));
    }
    if (!NUMBER.test(token)) return token;
    return secretHere() ? numberLike(token, visitor) : visitor.plain(token);
  };
  return text.replace(TOKEN, (token) => {
    const top = stack.at(-1);
    switch (token) {
      case "{":
      case "[":
        stack.push({
          object: token === "{",
          secret: secretHere(),
          wantsKey: token === "{",
          keySecret: false,
        });
        return token;
      case "}":
      case "]":
        stack.pop();
        return token;
      case ",":
        if (top !== undefined) top.wantsKey = top.object;
        return token;
      case ":":
        return token;
      default:
    }
    if (top?.wantsKey === true && token.startsWith('"')) {
      const key = decoded(token);
      top.wantsKey = false;
      top.keySecret = visitor.isSecret(key);
      return encoded(token, key, visitor.plain(key));
    }
    return value(token);
  });
}
