import { readdirSync, readFileSync } from "node:fs";

/** What of one process is read beside its `stat`. */
export interface ProcStatus {
  /** In memory; 0 for one that has none of its own. */
  readonly rssBytes: number;
  /** The most that it ever had. */
  readonly peakBytes: number;
  readonly threads: number;
}

/** How many connections are open to a port, by whether they still carry anything. */
export interface SocketCounts {
  established: number;
  timeWait: number;
  /** Being opened or closed. */
  other: number;
}

const ESTABLISHED = "01";
const TIME_WAIT = "06";

/** Reads a `/proc/<pid>/status`. Source: proc_pid_status(5), VmRSS, VmHWM and Threads. */
export function parseProcStatus(text: string): ProcStatus {
  const number = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
  return {
    rssBytes: number("VmRSS") * 1_024,
    peakBytes: number("VmHWM") * 1_024,
    threads: number("Threads"),
  };
}

/**
 * Counts the rows of a `/proc/net/tcp` by the port at their far end, of the ports asked for: of the
 * two ends of a connection on this machine that is the caller's. Source: proc_net(5), `rem_address`
 * and `st`.
 */
export function countSockets(text: string, into: ReadonlyMap<number, SocketCounts>): void {
  for (const [, portHex, state] of text.matchAll(
    /^\s*\d+: [\dA-F]+:[\dA-F]{4} [\dA-F]+:([\dA-F]{4}) ([\dA-F]{2}) /gm,
  )) {
    const counts = into.get(Number.parseInt(portHex!, 16));
    if (counts === undefined) continue;
    if (state === ESTABLISHED) counts.established++;
    else if (state === TIME_WAIT) counts.timeWait++;
    else counts.other++;
  }
}

/** A file of `/proc` or `/sys`; null when it, or its process, is not there (any more). */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

/** How many files a process has open; null when that may not be known. */
export function openFilesOf(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}

/** What a process's control group allows, and how long it was held back by it. */
export interface CgroupCpu {
  /** Cores' worth of time that it may use; null: as much as there is. */
  readonly coresMax: number | null;
  /** Seconds that its threads were held back, since the group began; null where nobody tells. */
  readonly throttledS: number | null;
}

const ROOT = "/sys/fs/cgroup";

/** Source: the kernel's cgroup-v2 documentation, `cpu.max` and `cpu.stat`. */
export function cgroupCpuOf(
  pid: number,
  read: (path: string) => string | null = readIfThere,
): CgroupCpu {
  const group = /^0::(\/.*)$/m.exec(read(`/proc/${pid}/cgroup`) ?? "")?.[1];
  if (group === undefined) return { coresMax: null, throttledS: null };
  let coresMax: number | null = null;
  let throttledS: number | null = null;
  // A limit of any group above counts as well.
  for (let path = group === "/" ? "" : group; ; path = path.slice(0, path.lastIndexOf("/"))) {
    const [quota, period] = (read(`${ROOT}${path}/cpu.max`) ?? "").trim().split(/\s+/).map(Number);
    if (Number.isFinite(quota) && Number.isFinite(period) && period! > 0) {
      coresMax = Math.min(coresMax ?? Number.POSITIVE_INFINITY, quota! / period!);
    }
    const us = /^throttled_usec (\d+)$/m.exec(read(`${ROOT}${path}/cpu.stat`) ?? "")?.[1];
    if (us !== undefined) throttledS = Math.max(throttledS ?? 0, Number(us) / 1e6);
    if (path === "") return { coresMax, throttledS };
  }
}
