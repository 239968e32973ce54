import { formatCount, formatRatio } from "../../core/index.ts";
import { fitLimit, LIMIT_CALLS_MIN, writtenLimit } from "../../stats/index.ts";
import type { KeptCall } from "./call-table.ts";
import type { ProfileLimit } from "./schema.ts";

const UNAVAILABLE = 503;

/** What the refused among the calls, which are in their order, imply; null when none was refused. */
export function refusalsOf(calls: readonly KeptCall[]): ProfileLimit | null {
  const refused = calls.filter((call) => call.refused);
  if (refused.length === 0) return null;
  const fit = fitLimit({
    atUs: Float64Array.from(calls, ({ atUs }) => atUs),
    endUs: Float64Array.from(calls, ({ atUs, latencyUs }) => atUs + latencyUs),
    refused: Uint8Array.from(calls, (call) => (call.refused ? 1 : 0)),
  });
  const { law, precision, recall, told } = fit;
  const about = {
    refused: refused.length,
    refusedRatio: refused.length / calls.length,
    precision,
    recall,
  };
  if (law === null) {
    const because = `too few: it takes ${LIMIT_CALLS_MIN} that were refused, and as many that were not`;
    return { ...about, limit: null, because };
  }
  if (!told) {
    const because =
      `no limit explains which were refused: the nearest (${law.kind}) is right about ` +
      `${formatRatio(precision)} of what it refuses, and finds ${formatRatio(recall)} of what was ` +
      `refused, in ${formatCount(fit.calls)} calls`;
    return { ...about, limit: null, because };
  }
  const unavailable = refused.filter(({ status }) => status === UNAVAILABLE).length;
  const status = unavailable * 2 > refused.length ? { status: UNAVAILABLE } : {};
  return { ...about, limit: { ...writtenLimit(law), ...status }, because: null };
}
