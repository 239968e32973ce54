import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import { messageOf } from "../core/index.ts";

/** The listener frames its answers by itself. */
const FRAMING_HEADERS = new Set(["content-length", "transfer-encoding"]);

/** Headers of an answer that a person writes. */
export const headersSchema = z.record(z.string(), z.string()).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers)) {
    const issue = (message: string): void =>
      context.addIssue({ code: "custom", path: [name], message });
    if (FRAMING_HEADERS.has(name.toLowerCase())) {
      issue("is set by the emulator");
      continue;
    }
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (thrown) {
      issue(messageOf(thrown));
    }
  }
});
