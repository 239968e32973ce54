import { z } from "zod";
import { messageOf } from "../../core/index.ts";

/** A text that the reader accepts; what it throws is the message. */
export const checked = (read: (text: string) => unknown, what: string) =>
  z.string().superRefine((text, context) => {
    try {
      read(text);
    } catch (thrown) {
      context.addIssue({ code: "custom", message: `is not ${what}: ${messageOf(thrown)}` });
    }
  });
