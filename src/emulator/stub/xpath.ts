import type { Node } from "@xmldom/xmldom";
import { lazily } from "../../core/index.ts";
import { parseXml, writeXml, xmlOf } from "./xml-document.ts";

/** What an expression gives: a set of nodes, or one value. */
interface XPathValue {
  toArray?(): Node[];
  booleanValue(): boolean;
  stringValue(): string;
}
interface XPathExpression {
  evaluate(options: {
    node: Node;
    namespaces: Readonly<Record<string, string>>;
    allowAnyNamespaceForNoPrefix: boolean;
  }): XPathValue;
}

// Its own types would bring a browser's into the whole program.
const xpath = lazily("xpath") as () => { readonly parse: (expression: string) => XPathExpression };

const ELEMENT = 1;
const textOfNode = (node: Node): string =>
  node.nodeType === ELEMENT ? writeXml(node) : (node.nodeValue ?? node.textContent ?? "");

/** What an expression finds in a document. */
export interface XPathFound {
  /** As XPath's `boolean()` has it: nodes, a text, a number other than 0, or true. */
  readonly isSomething: boolean;
  /** Of an element, its XML; of other nodes, their text; or the one value. */
  readonly texts: readonly string[];
  /** As XPath's `string()` has it: of nodes, the text of the first. */
  readonly text: string;
}

const NOTHING: XPathFound = { isSomething: false, texts: [], text: "" };

/**
 * An expression of XPath 1.0 made ready; prefixes stand for these namespaces. Without any, a name
 * fits elements that have no prefix, whatever their default namespace. In what is not XML it finds
 * nothing.
 * @throws Error for what is no expression, or names a function or a prefix that there is not
 */
export function compileXPath(
  expression: string,
  namespaces: Readonly<Record<string, string>>,
): (text: string) => XPathFound {
  const parsed = xpath().parse(expression);
  const allowAnyNamespaceForNoPrefix = Object.keys(namespaces).length === 0;
  const evaluate = (node: Node): XPathValue =>
    parsed.evaluate({ node, namespaces, allowAnyNamespaceForNoPrefix });
  // Functions and prefixes are only looked up when they are met.
  evaluate(parseXml("<a/>"));
  return (text) => {
    const document = xmlOf(text);
    if (document === null) return NOTHING;
    try {
      const value = evaluate(document);
      return {
        isSomething: value.booleanValue(),
        texts: value.toArray?.().map(textOfNode) ?? [value.stringValue()],
        get text() {
          return value.stringValue();
        },
      };
    } catch {
      // Nested so deep that it cannot be walked, or what the expression asks has no sense here.
      return NOTHING;
    }
  };
}
