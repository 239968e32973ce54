import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mutated, response } from "./generated.ts";
import { type NodeVerdict, nodeParses } from "./node-parser.ts";
import { parse } from "./parse.ts";

const NOTHING = { status: null, headers: null, body: null };

function wireParses(bytes: Buffer, head: boolean): NodeVerdict & { readonly leftover: number } {
  const { leftover, responses } = parse([bytes], { heads: [head] });
  const { body, headers, outcome, status } = responses[0]!;
  if (outcome === "whole") return { outcome, status, headers, body, leftover };
  return { outcome: outcome === "unfinished" ? outcome : "protocol", ...NOTHING, leftover };
}

/** Where the wire's parser means to differ from llhttp, and how. */
const DIFFERENCES: readonly ((
  ours: ReturnType<typeof wireParses>,
  node: NodeVerdict,
  text: string,
) => boolean)[] = [
  // A line is judged when its end is there: what the target left unfinished may have been bad.
  (ours, node) => ours.outcome === "unfinished" && node.outcome === "protocol",
  // What comes after a whole response costs the connection, not the response.
  (ours, node) => ours.outcome === "whole" && ours.leftover > 0 && node.outcome === "protocol",
  // Of an extension, text is enough.
  (_, node, text) => node.outcome === "protocol" && /\n[\da-f]+;/i.test(text),
  // White space around a value, of which a tab is some, is not the value's: RFC 9110 §5.5. To
  // llhttp `chunked` with a tab after it is another coding.
  (_ours, _node, text) => /transfer-encoding:[^\r\n]*\t/i.test(text),
  // Two lengths that are equal are one.
  (_, node, text) =>
    node.outcome === "protocol" && /content-length:[^]*content-length:/i.test(text),
  // No control bytes in a reason, no other version than 1.x, no status below 100, and nothing
  // before the status line, not even an empty line.
  (ours, _node, text) =>
    ours.outcome === "protocol" &&
    // eslint-disable-next-line no-control-regex
    /(?:^|\r\n)HTTP\/1\.[01] \d{3}[^\r\n]*[\0-\u0008\u000b\u000c\u000e-\u001f\u007f]|HTTP\/(?!1\.[01])|HTTP\/1\.[01] 0|^(?!HTTP\/)|\r\n\r\n[\r\n]+HTTP/.test(
      text,
    ),
];

describe("response parser and Node's own (llhttp)", () => {
  it("read the same from valid responses", async () => {
    await fc.assert(
      fc.asyncProperty(response, async ({ bytes, head }) => {
        const { leftover, ...ours } = wireParses(bytes, head);
        expect(ours).toEqual(await nodeParses(bytes, head));
        expect(leftover).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("come to the same verdict on damaged ones, but where the differences are meant", async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async ({ bytes, head }) => {
        const ours = wireParses(bytes, head);
        const node = await nodeParses(bytes, head);
        const text = bytes.toString("latin1");
        if (DIFFERENCES.some((meant) => meant(ours, node, text))) return;
        const { leftover: _, ...verdict } = ours;
        expect(verdict).toEqual(node);
      }),
      // The same each time: what a new seed would find is found by hand, not by a build.
      { numRuns: 1_500, seed: 7 },
    );
  });
});
