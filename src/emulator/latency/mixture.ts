import { z } from "zod";
import type { LatencyModel } from "../model.ts";

export interface MixtureSpec<Latency> {
  readonly kind: "mixture";
  readonly of: readonly { readonly weight: number; readonly latency: Latency }[];
}

/** `{ kind: mixture, of: [{ weight: 95, latency: … }, { weight: 5, latency: … }] }`. */
export const mixtureSchema = <Latency>(latency: z.ZodType<Latency>) =>
  z.strictObject({
    kind: z.literal("mixture"),
    of: z
      .array(z.strictObject({ weight: z.number().positive().max(1e9), latency }))
      .min(2)
      .max(100),
  });

/** `name` keeps the choices of mixtures within mixtures apart. */
export function mixtureLatency<Latency>(
  { of }: MixtureSpec<Latency>,
  name: string,
  make: (spec: Latency, part: number) => LatencyModel,
): LatencyModel {
  const parts = of.map(({ weight, latency }, part) => ({ weight, model: make(latency, part) }));
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const field = `${name}.component`;
  return {
    sampleUs(call, draw) {
      let pick = draw.uniform(field) * total;
      let index = 0;
      while (index < parts.length - 1 && pick >= parts[index]!.weight)
        pick -= parts[index++]!.weight;
      return parts[index]!.model.sampleUs(call, draw);
    },
  };
}
