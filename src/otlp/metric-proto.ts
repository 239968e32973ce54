import type { BinaryReader } from "@bufbuild/protobuf/wire";
import { inFixedBuckets } from "./exponential.ts";
import { addAttribute, eachField, messagesIn, resourceOf, takeNumbers } from "./fields.ts";
import type { OtlpHistogram, OtlpMetric, OtlpPoint } from "./point.ts";

/* The fields of opentelemetry/proto/metrics/v1/metrics.proto (1.5.0). */
const SCOPE_METRICS = 2;
const METRICS = 2;
const METRIC = { name: 1, unit: 3, gauge: 5, sum: 7, histogram: 9, exponential: 10 } as const;
const DATA_POINTS = 1;
const TEMPORALITY = 2;
const MONOTONIC = 3;
const DELTA = 1;
const NUMBER = { start: 2, time: 3, double: 4, int: 6, attributes: 7, flags: 8 } as const;
const HISTOGRAM = {
  start: 2,
  time: 3,
  count: 4,
  sum: 5,
  counts: 6,
  bounds: 7,
  attributes: 9,
  flags: 10,
  max: 12,
} as const;
const EXPONENTIAL = {
  attributes: 1,
  start: 2,
  time: 3,
  count: 4,
  sum: 5,
  scale: 6,
  positive: 8,
  flags: 10,
  max: 13,
} as const;
/** Flag of a point that says: there is no value. */
const NO_VALUE = 1;

type Point = Omit<OtlpPoint, keyof OtlpMetric>;

const fixed64 = (reader: BinaryReader): number => Number(reader.fixed64());
const nanos = (reader: BinaryReader): bigint | undefined => {
  const ns = BigInt(reader.fixed64());
  return ns === 0n ? undefined : ns;
};

/** What all kinds of points have. */
class PointFields {
  readonly attributes = new Map<string, string>();
  timeNs: bigint | undefined;
  startNs: bigint | undefined;
  flags = 0;

  /** Whether a field was one of these, and has been read. */
  take(
    field: number,
    reader: BinaryReader,
    at: Readonly<Record<"attributes" | "flags" | "start" | "time", number>>,
  ): boolean {
    if (field === at.attributes) addAttribute(this.attributes, reader.bytes());
    else if (field === at.time) this.timeNs = nanos(reader);
    else if (field === at.start) this.startNs = nanos(reader);
    else if (field === at.flags) this.flags = reader.uint32();
    else return false;
    return true;
  }

  with(value: Point["value"] | undefined): Point | null {
    const { attributes, flags, startNs, timeNs } = this;
    const told = value !== undefined && (flags & NO_VALUE) === 0;
    return told ? { attributes, timeNs, startNs, value } : null;
  }
}

function numberPoint(bytes: Uint8Array): Point | null {
  const fields = new PointFields();
  let value: number | undefined;
  eachField(bytes, (field, reader) => {
    if (fields.take(field, reader, NUMBER)) return true;
    if (field === NUMBER.double) value = reader.double();
    else if (field === NUMBER.int) value = Number(reader.sfixed64());
    else return false;
    return true;
  });
  return fields.with(value);
}

function histogramPoint(bytes: Uint8Array): Point | null {
  const fields = new PointFields();
  const [counts, bounds]: [number[], number[]] = [[], []];
  let [count, sum, max]: [number, number | null, number | null] = [0, null, null];
  eachField(bytes, (field, reader, wireType) => {
    if (fields.take(field, reader, HISTOGRAM)) return true;
    if (field === HISTOGRAM.count) count = fixed64(reader);
    else if (field === HISTOGRAM.sum) sum = reader.double();
    else if (field === HISTOGRAM.max) max = reader.double();
    else if (field === HISTOGRAM.counts) takeNumbers(counts, { reader, wireType }, fixed64);
    else if (field === HISTOGRAM.bounds)
      takeNumbers(bounds, { reader, wireType }, (from) => from.double());
    else return false;
    return true;
  });
  // One bucket for everything is the same as none.
  const value: OtlpHistogram =
    bounds.length === 0
      ? { count, sum, max, bounds: [], counts: [] }
      : { count, sum, max, bounds, counts };
  return fields.with(value);
}

function exponentialPoint(bytes: Uint8Array): Point | null {
  const fields = new PointFields();
  const counts: number[] = [];
  let [count, sum, max]: [number, number | null, number | null] = [0, null, null];
  let [scale, offset] = [0, 0];
  eachField(bytes, (field, reader) => {
    if (fields.take(field, reader, EXPONENTIAL)) return true;
    if (field === EXPONENTIAL.count) count = fixed64(reader);
    else if (field === EXPONENTIAL.sum) sum = reader.double();
    else if (field === EXPONENTIAL.max) max = reader.double();
    else if (field === EXPONENTIAL.scale) scale = reader.sint32();
    else if (field === EXPONENTIAL.positive)
      eachField(reader.bytes(), (inner, from, wireType) => {
        if (inner === 1) offset = from.sint32();
        else if (inner === 2)
          takeNumbers(counts, { reader: from, wireType }, (each) => Number(each.uint64()));
        else return false;
        return true;
      });
    else return false;
    return true;
  });
  return fields.with(inFixedBuckets({ count, sum, max }, { counts, offset, scale }));
}

const KINDS: Readonly<
  Record<
    number,
    { readonly kind: OtlpPoint["kind"]; readonly point: (bytes: Uint8Array) => Point | null }
  >
> = {
  [METRIC.gauge]: { kind: "gauge", point: numberPoint },
  [METRIC.sum]: { kind: "sum", point: numberPoint },
  [METRIC.histogram]: { kind: "histogram", point: histogramPoint },
  [METRIC.exponential]: { kind: "histogram", point: exponentialPoint },
};

/** The points of one metric. Throws when the bytes are none. A summary's are left out. */
export function protoPoints(bytes: Uint8Array): OtlpPoint[] {
  let [name, unit] = ["", ""];
  const data: { readonly field: number; readonly bytes: Uint8Array }[] = [];
  eachField(bytes, (field, reader) => {
    if (field === METRIC.name) name = reader.string();
    else if (field === METRIC.unit) unit = reader.string();
    else if (KINDS[field] !== undefined) data.push({ field, bytes: reader.bytes() });
    else return false;
    return true;
  });
  return data.flatMap((each) => {
    const { kind, point } = KINDS[each.field]!;
    let [delta, monotonic] = [false, false];
    eachField(each.bytes, (field, reader) => {
      if (field === TEMPORALITY && kind !== "gauge") delta = reader.int32() === DELTA;
      else if (field === MONOTONIC && kind === "sum") monotonic = reader.bool();
      else return false;
      return true;
    });
    return messagesIn(each.bytes, DATA_POINTS).flatMap((one) => {
      const read = point(one);
      return read === null ? [] : [{ name, unit, kind, monotonic, delta, ...read }];
    });
  });
}

/** The metrics of one part (ResourceMetrics), not yet read. Throws when it is none. */
export const protoMetricsOf = (
  part: Uint8Array,
): { readonly resource: Map<string, string>; readonly metrics: readonly Uint8Array[] } => ({
  resource: resourceOf(part),
  metrics: messagesIn(part, SCOPE_METRICS).flatMap((scope) => messagesIn(scope, METRICS)),
});
