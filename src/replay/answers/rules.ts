import { z } from "zod";
import { ratioField } from "../../core/fields/index.ts";
import { IGNORED } from "./ignore.ts";

const method = z
  .string()
  .transform((text) => text.toUpperCase())
  .refine((text) => /^[A-Z]+$/.test(text), "a method such as GET");

const share = (example: string) =>
  ratioField().refine((value) => value > 0, `more than 0, such as ${example}`);

/** Which answers are compared between the arms, and what of them is not. */
export const responseRules = z.strictObject({
  sample: share("20%").default(0.2).describe("of the starts: their answers are compared"),
  repeat: share("5%")
    .default(0.05)
    .describe(
      "of the starts, sent to every arm a second time at once: what differs between control's two answers is noise",
    ),
  methods: z
    .array(method)
    .min(1)
    .default(["GET", "HEAD"])
    .describe("of the requests that are compared and repeated: those that change nothing"),
  ignore: z
    .array(
      z.string().regex(IGNORED, {
        error: ({ input }) =>
          `"${String(input)}" is no place in an answer; write $.path.to.it or header:name`,
      }),
    )
    .max(256)
    .default([])
    .describe("what is not compared: $.requestId, $.items[*].id, header:etag"),
});

export type ResponseRules = z.output<typeof responseRules>;
