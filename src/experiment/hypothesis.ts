import { z } from "zod";
import { percentField } from "../core/fields/index.ts";
import { checkParameters, MARGIN, metricFields, type MetricSpec } from "./metric.ts";
import { familyNamed } from "./metrics/index.ts";

const PRIMARY_MISSING =
  "is missing: the primary metric and what is claimed of it, such as " +
  "{ metric: response_time_p95, changesBy: less-than, margin: 5% }";

const claim = {
  changesBy: z.literal("less-than").optional().describe("no harm: it gets no worse than `margin`"),
  decreasesBy: percentField().optional().describe("a gain: it falls, by this much or more"),
  increasesBy: percentField().optional().describe("a gain: it rises, by this much or more"),
};

interface Written {
  readonly metric: string;
  readonly margin?: number | undefined;
  readonly changesBy?: "less-than" | undefined;
  readonly decreasesBy?: number | undefined;
  readonly increasesBy?: number | undefined;
}

/** What is wrong with a claim: the field at fault, and what to write. */
function* claimFaults(then: Written): Generator<readonly [string, string]> {
  const { changesBy, decreasesBy, increasesBy, margin, metric } = then;
  const given = Object.entries({ changesBy, decreasesBy, increasesBy })
    .filter(([, value]) => value !== undefined)
    .map(([field]) => field);
  if (given.length > 1) {
    yield [given[1]!, `claims something else than \`${given[0]}\`: one claim, or two scenarios`];
    return;
  }
  const more = familyNamed(metric)?.better === "higher";
  const [good, bad] = more ? ["increasesBy", "decreasesBy"] : ["decreasesBy", "increasesBy"];
  if (given[0] === bad) {
    const turn = more ? "falls" : "rises";
    yield [bad, `${metric} gets worse when it ${turn}; write ${good}, or changesBy: less-than`];
  }
  if (given[0] === good && then[good as "decreasesBy"] === 0) {
    yield [good, "a gain of nothing is none: write how much is worth the change, such as 5%"];
  }
  if (margin === undefined && (given.length === 0 || given[0] === "changesBy")) {
    yield ["margin", `is missing: ${MARGIN}, such as 5%`];
  }
}

/**
 * The `then` of a hypothesis: a metric, and one claim of it. `changesBy: less-than` with a `margin` is
 * non-inferiority, and what is meant where no claim is written. `decreasesBy` (or `increasesBy`,
 * where more is better) is superiority with a minimum effect; harm is then what exceeds `margin`, or
 * the minimum effect the other way where none is given.
 */
export const primarySchema = z
  .strictObject(
    { ...metricFields, margin: metricFields.margin.optional(), ...claim },
    { error: ({ input }) => (input === undefined ? PRIMARY_MISSING : undefined) },
  )
  .superRefine(checkParameters)
  .superRefine((then, context) => {
    for (const [field, message] of claimFaults(then)) {
      context.addIssue({ code: "custom", path: [field], message });
    }
  })
  .transform(({ changesBy: _changesBy, decreasesBy, increasesBy, ...metric }): MetricSpec => {
    const gain = decreasesBy ?? increasesBy;
    const margin = metric.margin ?? gain ?? 0;
    return { ...metric, margin, ...(gain === undefined ? {} : { minimumEffect: gain }) };
  });

/** What can be measured and cannot differ between the arms: if it does, the instrument is broken. */
export const NEGATIVE_CONTROLS = ["request_bytes"] as const;
export type NegativeControl = (typeof NEGATIVE_CONTROLS)[number];

const isNegativeControl = (name: string): name is NegativeControl =>
  (NEGATIVE_CONTROLS as readonly string[]).includes(name);

export const negativeControlSchema = z.string().refine(isNegativeControl, {
  error: ({ input }) =>
    `"${String(input)}" may differ between the arms; a negative control cannot: write ` +
    NEGATIVE_CONTROLS.join(" or "),
});

const CHOSEN_BY = ["route", "method", "header", "session"] as const;

/**
 * A part of the traffic that is judged by itself: requests of a route or a method, or by the captured
 * request that is sent, those with a header or of some sessions. A protected one is guarded as
 * everybody is.
 */
export const segmentSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,31}$/, "lower-case letters, digits, - and _, at most 32"),
    route: z.string().optional().describe("as `profile` lists it; * stands for anything"),
    method: z
      .string()
      .transform((text) => text.toUpperCase())
      .optional(),
    header: z
      .string()
      .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "the name of a header, such as user-agent")
      .transform((name) => name.toLowerCase())
      .optional()
      .describe("of the captured request: whoever has it, or whose value `matches`"),
    matches: z.string().optional().describe("the header's whole value; * stands for anything"),
    session: z
      .string()
      .min(1)
      .optional()
      .describe(
        "new: each session's first request; returning: all later ones; or a session's name, * stands for anything",
      ),
    protected: z.boolean().default(false).describe("harm to it binds the verdict, as a guardrail"),
  })
  .refine((segment) => CHOSEN_BY.filter((key) => segment[key] !== undefined).length === 1, {
    error: "a segment is chosen by one of `route`, `method`, `header` and `session`",
  })
  .refine(({ header, matches }) => matches === undefined || header !== undefined, {
    path: ["matches"],
    error: "is for a `header`, whose value it is",
  });
export type SegmentSpec = z.output<typeof segmentSchema>;

/** When a run ends before its time. */
export const stopSchema = z.strictObject({
  harm: z.boolean().default(true).describe("at once, when harm to a binding metric is shown"),
  futility: z
    .boolean()
    .default(false)
    .describe("at a look, when what is left can hardly show what is claimed"),
});
export type StopRules = z.output<typeof stopSchema>;
