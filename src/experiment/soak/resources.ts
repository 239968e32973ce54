import type { InsideSignals, ProcessSample, TimeWindow } from "../../telemetry/index.ts";
import type { SoakSources } from "./model.ts";

/** Something that processes hold, and may fail to give back. */
export interface Resource {
  /** As scenarios and results name it. */
  readonly name: string;
  readonly unit: "MB" | "count";
  /** So little of it that a share of it says nothing: growth is told against this at least. */
  readonly levelMin: number;
  /** From a look at the arm's processes; null where it is not told. */
  readonly seen?: (processes: ProcessSample["arms"][string]) => number | null;
  /** Gauges that targets tell by OpenTelemetry, in bytes where the unit is MB; the first that is told counts. */
  readonly told: readonly string[];
}

/** A process without a load has some dozens of these. */
const COUNT_MIN = 50;
const MEMORY_MIN_MB = 20;

/** Source of the names: OpenTelemetry's semantic conventions, those of before included. */
export const RESOURCES: readonly Resource[] = [
  {
    name: "memory",
    unit: "MB",
    levelMin: MEMORY_MIN_MB,
    seen: ({ rssBytes }) => rssBytes / 1e6,
    told: ["process.memory.usage", "process.runtime.cpython.memory"],
  },
  {
    name: "heap",
    unit: "MB",
    levelMin: MEMORY_MIN_MB,
    told: [
      "v8js.memory.heap.used",
      "jvm.memory.used",
      "process.runtime.jvm.memory.usage",
      "go.memory.used",
      "process.runtime.go.mem.heap_alloc",
      "dotnet.gc.last_collection.heap.size",
    ],
  },
  {
    name: "open_files",
    unit: "count",
    levelMin: COUNT_MIN,
    seen: ({ openFiles }) => openFiles,
    told: ["process.unix.file_descriptor.count", "process.open_file_descriptor.count"],
  },
  {
    name: "sockets",
    unit: "count",
    levelMin: COUNT_MIN,
    // What waits out its time is the kernel's, and is given back by itself.
    seen: ({ sockets }) => {
      const open = Object.values(sockets).map(({ established, other }) => established + other);
      return open.length === 0 ? null : open.reduce((sum, count) => sum + count, 0);
    },
    told: [],
  },
];

/** Looks within a slice of time below which its floor is none. */
const LOOKS_MIN = 3;
/** Targets tell once a second: a shorter cell may have nothing of one of several series. */
const CELL_NS = 2e9;
const CELLS_MAX = 30;

const floorOf = (values: readonly number[]): number | null =>
  values.length < LOOKS_MIN ? null : Math.min(...values);

/** What all series of a name come to, by cells of a slice in which each of them is told. */
function toldLevels(inside: InsideSignals, arm: number, name: string, slice: TimeWindow): number[] {
  const series = inside.series(arm, name);
  const lengthNs = slice.toNs - slice.fromNs;
  const cells = Math.min(Math.max(Math.floor(lengthNs / CELL_NS), LOOKS_MIN), CELLS_MAX);
  return Array.from({ length: cells }, (_, cell) => {
    const at = (end: number): number => slice.fromNs + (lengthNs * end) / cells;
    const window = { fromNs: at(cell), toNs: at(cell + 1) };
    const levels = series.flatMap((each) => each.level(window) ?? []);
    if (levels.length < series.length) return NaN;
    return levels.reduce((sum, { mean }) => sum + mean, 0);
  }).filter(Number.isFinite);
}

/** What an arm held over slices of time: the least in each; null of one that too little was told of. */
export interface Floors {
  /** Whether anybody told it at all. */
  readonly told: boolean;
  readonly floors: readonly (number | null)[];
}

/**
 * The least that an arm held in each slice of time: what a garbage collector leaves, so that its
 * sawtooth is none of the trend. Processes are looked at where we started them, gauges are asked else.
 */
export function floorsOf(
  { seen, told, unit }: Resource,
  arm: { readonly index: number; readonly name: string },
  slices: readonly TimeWindow[],
  { inside, processes }: SoakSources,
): Floors {
  const rows = processes.flatMap(({ arms, atNs }) => {
    const own = arms[arm.name];
    const value = own === undefined ? null : (seen?.(own) ?? null);
    return value === null ? [] : [{ atNs, value }];
  });
  if (rows.length > 0) {
    const within = ({ fromNs, toNs }: TimeWindow): number[] =>
      rows.flatMap(({ atNs, value }) => (atNs >= fromNs && atNs < toNs ? [value] : []));
    return { told: true, floors: slices.map((slice) => floorOf(within(slice))) };
  }
  const name = told.find((each) => (inside?.series(arm.index, each).length ?? 0) > 0);
  if (inside === null || name === undefined) {
    return { told: false, floors: slices.map(() => null) };
  }
  const scale = unit === "MB" ? 1e-6 : 1;
  const floors = slices.map((slice) => {
    const floor = floorOf(toldLevels(inside, arm.index, name, slice));
    return floor === null ? null : floor * scale;
  });
  return { told: true, floors };
}
