import { formatCount, openFileLimit, ShakedownError } from "../core/index.ts";

/** Files, pipes and threads of our own: what is open beside the connections to the arms. */
const OWN_DESCRIPTORS = 200;

/**
 * How many connections may be open to each arm: what was asked for, which must fit; else as many
 * as requests may be in flight, or as fit.
 * @throws USAGE when what was asked for needs more open files than are allowed
 */
export function connectionsPerArm(
  wanted: { readonly connections?: number | undefined; readonly inFlightMax: number },
  arms: number,
  limit: number | null = openFileLimit(),
): number {
  const room =
    limit === null ? Number.POSITIVE_INFINITY : Math.floor((limit - OWN_DESCRIPTORS) / arms);
  const { connections, inFlightMax } = wanted;
  if (connections === undefined && room >= 1) return Math.min(inFlightMax, room);
  if (connections !== undefined && connections <= room) return connections;
  const wantedCount = connections ?? 1;
  const needed = wantedCount * arms + OWN_DESCRIPTORS;
  const less = room >= 1 ? `; or ask for at most ${room}` : "";
  throw new ShakedownError(
    "USAGE",
    `${formatCount(wantedCount)} ${wantedCount === 1 ? "connection" : "connections"} to each of ${arms} ${arms === 1 ? "arm" : "arms"} ${wantedCount * arms === 1 ? "needs" : "need"} ` +
      `${formatCount(needed)} open files, and ${formatCount(limit ?? 0)} are allowed`,
    {
      hint: `raise the limit first: ulimit -n ${needed} (above the hard limit, as root)${less}`,
    },
  );
}
