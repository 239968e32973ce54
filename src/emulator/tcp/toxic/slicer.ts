import { NS_PER_US } from "../../../core/index.ts";
import { durationNsField } from "../../../core/fields/index.ts";
import {
  bytesField,
  type Piece,
  type Toxic,
  type ToxicContext,
  toxic,
  wholeField,
} from "./model.ts";

/**
 * `{ type: slicer, average_size: 64B, size_variation: 16B, delay: 50us }`: bytes go out in small
 * pieces of `average_size` ± `size_variation`, with `delay` after each.
 */
export const slicerFields = {
  average_size: bytesField(),
  size_variation: bytesField().default(0),
  delay: durationNsField()
    .transform((ns) => ns / NS_PER_US)
    .default(0),
};
export const slicerAttributes = {
  average_size: wholeField(),
  size_variation: wholeField(),
  delay: wholeField(),
};

interface SlicerSpec {
  readonly average_size: number;
  readonly size_variation: number;
  readonly delay: number;
}

/** Sizes in bytes, uniform and at least 1; `delay` in microseconds. An average of 0 slices nothing. */
export function slicerToxic(spec: SlicerSpec, { draw }: ToxicContext): Toxic {
  const { average_size: average, size_variation: variation } = spec;
  const delayNs = spec.delay * NS_PER_US;
  let pieces = 0;
  let freeNs = Number.NEGATIVE_INFINITY;
  const nextBytes = (): number => {
    if (average === 0) return Number.POSITIVE_INFINITY;
    const swing = variation === 0 ? 0 : 2 * draw.uniform(`size ${pieces++}`) - 1;
    return Math.max(1, Math.round(average + swing * variation));
  };
  function* sliced(chunk: Buffer, nowNs: number): Generator<Piece> {
    for (let from = 0; from < chunk.length;) {
      const piece = chunk.subarray(from, from + nextBytes());
      from += piece.length;
      const dueNs = Math.max(freeNs, nowNs);
      freeNs = dueNs + delayNs;
      yield { chunk: piece, dueNs };
    }
  }
  return toxic({ chunk: sliced });
}
