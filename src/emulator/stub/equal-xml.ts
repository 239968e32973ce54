import type { Element, Node } from "@xmldom/xmldom";
import { z } from "zod";
import { checked } from "./fields.ts";
import { parseXml, xmlOf } from "./xml-document.ts";

export interface EqualToXml {
  readonly equalToXml: string;
  /** Elements of the same name may come in any order, told apart by their text. */
  readonly ignoreOrderOfSameNode?: boolean | undefined;
}

const XMLNS = "http://www.w3.org/2000/xmlns/";

interface Text {
  /** A text in a CDATA section is another than one without. */
  readonly kind: "text" | "cdata";
  readonly text: string;
}
interface Instruction {
  readonly kind: "instruction";
  readonly target: string;
  readonly text: string;
}
interface Tag {
  readonly kind: "tag";
  readonly name: string;
  readonly namespace: string | null;
  /** By namespace and name. */
  readonly attributes: ReadonlyMap<string, string>;
  /** In the order in which they are compared. */
  readonly children: readonly Part[];
  /** All text within, where it is what the order goes by. */
  readonly text: string;
}
/** What of a document is compared. */
type Part = Text | Instruction | Tag;

const nameOf = (part: Part): string => (part.kind === "tag" ? part.name : "");
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Children are compared in order of their names: that of different elements does not matter. */
function sorted(parts: readonly Part[], byText: boolean): readonly Part[] {
  return parts.toSorted(
    (a, b) => compare(nameOf(a), nameOf(b)) || (byText ? compare(a.text, b.text) : 0),
  );
}

function attributesOf(element: Element): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { localName, name, namespaceURI, value } of element.attributes) {
    if (namespaceURI === XMLNS) continue;
    values.set(`${namespaceURI ?? ""} ${localName ?? name}`, value.trim());
  }
  return values;
}

/** Without comments and without white space around texts; texts that a comment parts are one. */
function partsOf(parent: Node, byText: boolean): readonly Part[] {
  const parts: Part[] = [];
  let text = "";
  const add = (kind: Text["kind"], said: string): void => {
    const trimmed = said.trim();
    if (trimmed !== "") parts.push({ kind, text: trimmed });
  };
  const endText = (): void => {
    add("text", text);
    text = "";
  };
  for (const node of parent.childNodes) {
    if (node.nodeType === node.TEXT_NODE) text += node.nodeValue ?? "";
    else if (node.nodeType === node.CDATA_SECTION_NODE) {
      endText();
      add("cdata", node.nodeValue ?? "");
    } else if (node.nodeType === node.ELEMENT_NODE) {
      endText();
      parts.push(tagOf(node as Element, byText));
    } else if (node.nodeType === node.PROCESSING_INSTRUCTION_NODE && node.nodeName !== "xml") {
      endText();
      const said = (node.nodeValue ?? "").trim();
      parts.push({ kind: "instruction", target: node.nodeName, text: said });
    }
  }
  endText();
  return sorted(parts, byText);
}

function tagOf(element: Element, byText: boolean): Tag {
  return {
    kind: "tag",
    name: element.localName ?? element.nodeName,
    namespace: element.namespaceURI,
    attributes: attributesOf(element),
    children: partsOf(element, byText),
    text: byText ? (element.textContent ?? "") : "",
  };
}

const equalAll = (expected: readonly Part[], actual: readonly Part[]): boolean =>
  expected.length === actual.length &&
  expected.every((part, index) => equalPart(part, actual[index]!));

function equalPart(expected: Part, actual: Part): boolean {
  if (expected.kind !== "tag") {
    const targetOf = (part: Part): string => (part.kind === "instruction" ? part.target : "");
    const same = actual.kind === expected.kind && actual.text === expected.text;
    return same && targetOf(actual) === targetOf(expected);
  }
  if (actual.kind !== "tag" || expected.name !== actual.name) return false;
  // Where the expected element names no namespace, any will do.
  if (expected.namespace !== null && expected.namespace !== actual.namespace) return false;
  if (expected.attributes.size !== actual.attributes.size) return false;
  for (const [name, value] of expected.attributes) {
    if (actual.attributes.get(name) !== value) return false;
  }
  return equalAll(expected.children, actual.children);
}

/**
 * Whether a text is XML that says the same: prefixes, comments, white space around texts, and the
 * order of attributes and of elements of different names do not matter.
 */
export function compileEqualXml(matcher: EqualToXml): (text: string) => boolean {
  const byText = matcher.ignoreOrderOfSameNode === true;
  const expected = partsOf(parseXml(matcher.equalToXml), byText);
  return (text) => {
    const document = xmlOf(text);
    if (document === null) return false;
    try {
      return equalAll(expected, partsOf(document, byText));
    } catch {
      // Nested so deep that it cannot be walked.
      return false;
    }
  };
}

/** `{ equalToXml: "<order><id>7</id></order>" }` */
export const equalXmlMatcherSchema: z.ZodType<EqualToXml> = z.strictObject({
  equalToXml: checked(parseXml, "well-formed XML"),
  ignoreOrderOfSameNode: z.boolean().optional(),
});
