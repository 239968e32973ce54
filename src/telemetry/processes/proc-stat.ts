/** Linux tells processor time in hundredths of a second (USER_HZ), whatever the kernel counts in. */
export const TICKS_PER_S = 100;

/** What is read of one process's `/proc/<pid>/stat`. */
export interface ProcStat {
  /** The process group that it is in. */
  readonly group: number;
  /** User and system time, its own and that of children that have ended and been waited for. */
  readonly ticks: number;
}

/**
 * Reads a `/proc/<pid>/stat`; null for what is none. The command's name, in parentheses, may hold
 * spaces and parentheses itself: fields are counted from the last one that closes.
 *
 * Source: proc_pid_stat(5), fields 5 (pgrp) and 14–17 (utime, stime, cutime, cstime).
 */
export function parseProcStat(text: string): ProcStat | null {
  const closes = text.lastIndexOf(")");
  if (closes < 0) return null;
  // The first is field 3, the state.
  const fields = text
    .slice(closes + 1)
    .trim()
    .split(/\s+/);
  const numbers = [2, 11, 12, 13, 14].map((place) => Number(fields[place] ?? Number.NaN));
  if (!numbers.every((value) => Number.isSafeInteger(value))) return null;
  const [group = 0, ...ticks] = numbers;
  return { group, ticks: ticks.reduce((sum, each) => sum + each, 0) };
}

/** Ticks of CPU time by process group, of the groups asked for, over the texts of all processes. */
export function cpuByGroup(
  texts: Iterable<string>,
  groups: ReadonlySet<number>,
): ReadonlyMap<number, number> {
  const sums = new Map([...groups].map((group) => [group, 0]));
  for (const text of texts) {
    const stat = parseProcStat(text);
    const sum = stat === null ? undefined : sums.get(stat.group);
    if (stat !== null && sum !== undefined) sums.set(stat.group, sum + stat.ticks);
  }
  return sums;
}

/**
 * Adds up what is used from sample to sample. A group's sum falls when a process has ended that
 * nobody waited for, or whose parent was not of the group: what it used is kept, and what others
 * used since the sample before is lost.
 */
export class GrowingUse {
  #used = 0;
  #last: number | null = null;

  /** Ticks since the first sample, given the group's sum now. */
  add(ticks: number): number {
    this.#used += Math.max(ticks - (this.#last ?? ticks), 0);
    this.#last = ticks;
    return this.#used;
  }
}
