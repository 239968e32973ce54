import { readdirSync } from "node:fs";
import { openFileLimit } from "../../core/index.ts";
import {
  cgroupCpuOf,
  countSockets,
  openFilesOf,
  parseProcStatus,
  type ProcStatus,
  readIfThere,
  type SocketCounts,
} from "./proc-files.ts";
import { GrowingUse, parseProcStat, TICKS_PER_S } from "./proc-stat.ts";
import type { ArmProcesses, ProcessSample } from "./process-log.ts";

/** An arm that was started: its process group, and where it finds its dependencies. */
export interface SampledArm {
  readonly arm: string;
  /** Of the group's leader. */
  readonly pid: number;
  readonly dependencies: readonly { readonly name: string; readonly port: number }[];
}

/**
 * After so many samples, processes that were none of ours are looked at once more, and so are sockets:
 * the kernel goes through all of a host's to list them, which takes a core 5 to 15 ms.
 */
const LOOK_AGAIN_EVERY = 10;

interface Member {
  readonly pid: number;
  readonly ticks: number;
}

/**
 * Looks at what arms use, children included. Processes of others are looked at once, and again now
 * and then (numbers come round, and a process may join a group), so that a busy host costs no more
 * than a quiet one.
 */
export class ProcessSampler {
  readonly #arms: readonly (SampledArm & { readonly use: GrowingUse })[];
  readonly #foreign = new Set<number>();
  /** By process, as of the sample before. */
  readonly #memory = new Map<number, Pick<ProcStatus, "peakBytes" | "rssBytes">>();
  #sockets: ReadonlyMap<number, SocketCounts> = new Map();
  #samples = 0;

  constructor(arms: readonly SampledArm[]) {
    this.#arms = arms.map((arm) => ({ ...arm, use: new GrowingUse() }));
  }

  sample(atNs: number): ProcessSample {
    if (this.#samples++ % LOOK_AGAIN_EVERY === 0) {
      this.#foreign.clear();
      this.#sockets = this.#countSockets();
    }
    const members = this.#members();
    const rows = this.#arms.map(({ arm, dependencies, pid, use }) => {
      const own = members.get(pid) ?? [];
      const ticks = own.reduce((sum, each) => sum + each.ticks, 0);
      const about = this.#about(pid, own);
      const counted = dependencies.map(({ name, port }) => [name, { ...this.#sockets.get(port)! }]);
      const cpuS = use.add(ticks) / TICKS_PER_S;
      return [arm, { cpuS, ...about, sockets: Object.fromEntries(counted) }];
    });
    return { atNs, arms: Object.fromEntries(rows) };
  }

  #about(pid: number, own: readonly Member[]): Omit<ArmProcesses, "cpuS" | "sockets"> {
    const statuses = own.flatMap((each) => {
      const text = readIfThere(`/proc/${each.pid}/status`);
      return text === null ? [] : [{ pid: each.pid, ...parseProcStatus(text) }];
    });
    const files = own.flatMap((each) => openFilesOf(each.pid) ?? []);
    const limit = openFileLimit(() => readIfThere(`/proc/${pid}/limits`) ?? "");
    const { coresMax, throttledS } = cgroupCpuOf(pid);
    return {
      rssBytes: statuses.reduce((sum, each) => sum + each.rssBytes, 0),
      peakBytes: statuses.reduce((sum, each) => sum + this.#peakOf(each), 0),
      processes: own.length,
      threads: statuses.reduce((sum, each) => sum + each.threads, 0),
      // A limit is each process's own: the one that is nearest to it counts.
      openFiles: files.length === 0 ? null : Math.max(...files),
      openFilesMax: limit === null || !Number.isFinite(limit) ? null : limit,
      coresMax,
      throttledS,
    };
  }

  /**
   * The most that a process had since the sample before. Its high-water mark tells, if that has
   * risen; else it had no more than the mark, and what it had at either end is known.
   */
  #peakOf({ peakBytes, pid, rssBytes }: ProcStatus & { readonly pid: number }): number {
    const before = this.#memory.get(pid);
    this.#memory.set(pid, { peakBytes, rssBytes });
    if (before === undefined) return rssBytes;
    return peakBytes > before.peakBytes ? peakBytes : Math.max(rssBytes, before.rssBytes);
  }

  /** The processes of each arm's group. */
  #members(): ReadonlyMap<number, Member[]> {
    const members = new Map<number, Member[]>(this.#arms.map(({ pid }) => [pid, []]));
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || this.#foreign.has(pid)) continue;
      const text = readIfThere(`/proc/${name}/stat`);
      const stat = text === null ? null : parseProcStat(text);
      const own = stat === null ? undefined : members.get(stat.group);
      if (own === undefined) this.#foreign.add(pid);
      else own.push({ pid, ticks: stat!.ticks });
    }
    return members;
  }

  #countSockets(): ReadonlyMap<number, SocketCounts> {
    const ports = this.#arms.flatMap(({ dependencies }) => dependencies.map(({ port }) => port));
    const counts = new Map(
      ports.map((port) => [port, { established: 0, timeWait: 0, other: 0 }] as const),
    );
    if (ports.length === 0) return counts;
    for (const file of ["tcp", "tcp6"])
      countSockets(readIfThere(`/proc/net/${file}`) ?? "", counts);
    return counts;
  }
}
