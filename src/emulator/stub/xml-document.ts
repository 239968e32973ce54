import type { Document, DOMParser, Node, XMLSerializer } from "@xmldom/xmldom";
import { lazily } from "../../core/index.ts";

const xmldom = lazily("@xmldom/xmldom") as () => {
  readonly DOMParser: typeof DOMParser;
  readonly XMLSerializer: typeof XMLSerializer;
};

/**
 * Reads XML with namespaces. No document type is followed: entities beyond XML's own are refused,
 * and nothing is fetched.
 * @throws Error for what is not well-formed
 */
export function parseXml(text: string): Document {
  const parser = new (xmldom().DOMParser)({
    onError: (_level, message) => {
      throw new Error(message);
    },
  });
  return parser.parseFromString(text, "application/xml");
}

/** As `parseXml`; null for what is not XML. */
export function xmlOf(text: string): Document | null {
  // The common case, without the price of an error.
  if (!/^\s*</.test(text)) return null;
  try {
    return parseXml(text);
  } catch {
    return null;
  }
}

export const writeXml = (node: Node): string =>
  new (xmldom().XMLSerializer)().serializeToString(node);
