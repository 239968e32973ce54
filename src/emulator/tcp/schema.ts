import { z } from "zod";
import { ShakedownError } from "../../core/index.ts";
import { parseHostPort } from "../address.ts";
import { bytesField, durationMsField, type ToxicSpec, toxicSchema } from "./toxic/index.ts";

const addressField = () =>
  z.string().superRefine((text, context) => {
    try {
      parseHostPort(text);
    } catch (thrown) {
      if (!(thrown instanceof ShakedownError)) throw thrown;
      context.addIssue({ code: "custom", message: `${thrown.message} (${thrown.hint})` });
    }
  });

/**
 * A dependency that is really there, behind a proxy:
 * `tcp: { upstream: 127.0.0.1:6379, latency: 1ms, jitter: 200us, bandwidth: 10MB, connectionsMax: 64 }`.
 * `latency` ± `jitter` is added to what comes back, so that a request waits for it once;
 * `bandwidth` holds in each direction. `toxics` is the full form, and comes after these.
 * `connectionsMax` open connections at most; beyond, a caller is refused (RST), or waits with
 * `beyond: wait`.
 */
export const tcpSchema = z
  .strictObject({
    upstream: addressField(),
    latency: durationMsField().optional(),
    jitter: durationMsField().optional(),
    bandwidth: bytesField().optional(),
    toxics: z.array(toxicSchema).default([]),
    connectionsMax: z.int().min(1).optional(),
    beyond: z.enum(["refuse", "wait"]).optional(),
  })
  .refine(({ beyond, connectionsMax }) => beyond === undefined || connectionsMax !== undefined, {
    path: ["beyond"],
    message: "beyond says what happens past connectionsMax: write connectionsMax, too",
  })
  .refine(({ jitter, latency }) => jitter === undefined || latency !== undefined, {
    path: ["jitter"],
    message: "jitter is around a latency: write latency, too",
  })
  .transform(({ latency, jitter, bandwidth, toxics, ...rest }) => {
    const all: ToxicSpec[] = [];
    if (latency !== undefined) {
      const place = { name: "latency", stream: "downstream", toxicity: 1 } as const;
      all.push({ ...place, type: "latency", latency, jitter: jitter ?? 0 });
    }
    if (bandwidth !== undefined) {
      for (const stream of ["upstream", "downstream"] as const) {
        const place = { name: `bandwidth_${stream}`, stream, toxicity: 1 };
        all.push({ ...place, type: "bandwidth", rate: bandwidth / 1_000 });
      }
    }
    return { ...rest, toxics: [...all, ...toxics] };
  })
  .superRefine(({ toxics }, context) => {
    const names = new Set<string>();
    for (const { name } of toxics) {
      if (names.has(name)) {
        const message = `there are two toxics "${name}": give one of them another name`;
        context.addIssue({ code: "custom", path: ["toxics"], message });
      }
      names.add(name);
    }
  });

/** Plain data: the upstream, the toxics, and how many connections there may be. */
export type TcpSpec = z.output<typeof tcpSchema>;
