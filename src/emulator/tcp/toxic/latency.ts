import { NS_PER_MS } from "../../../core/index.ts";
import { durationMsField, type Toxic, type ToxicContext, toxic, wholeField } from "./model.ts";

/** `{ type: latency, latency: 1ms, jitter: 200us }`: every chunk is late by `latency` ± `jitter`. */
export const latencyFields = {
  latency: durationMsField(),
  jitter: durationMsField().default(0),
};
export const latencyAttributes = { latency: wholeField(), jitter: wholeField() };

interface LatencySpec {
  readonly latency: number;
  readonly jitter: number;
}

/**
 * Chunks wait `latency` ± a uniform share of `jitter`, both in milliseconds, from when they came
 * in; none overtakes another. The end waits for the chunks before it alone, as in Toxiproxy.
 */
export function latencyToxic(spec: LatencySpec, { draw }: ToxicContext): Toxic {
  const [latencyNs, jitterNs] = [spec.latency * NS_PER_MS, spec.jitter * NS_PER_MS];
  let chunks = 0;
  return toxic({
    chunk(chunk, nowNs) {
      const swing = jitterNs === 0 ? 0 : 2 * draw.uniform(`jitter ${chunks++}`) - 1;
      return [{ chunk, dueNs: nowNs + Math.max(0, latencyNs + swing * jitterNs) }];
    },
  });
}
