import type { EmulatedCall } from "../measure/index.ts";
import type { JoinedBy, RequestRow } from "./detector.ts";

const BELIEF = {
  /** A call may seem to come this much before its request, by how the two clocks are read. */
  aheadNs: 1e6,
  /** Work that goes on after the answer may still call for this long. */
  behindNs: 10e9,
  /** Of the calls that name a request, the share that must be able to be true. */
  trueRatio: 0.9,
  /** Of all calls, the share that must name their request. */
  namedRatio: 0.5,
} as const;

/**
 * Checks what calls say of the request that made them: the request has to be known, and has to have
 * started, and not to have ended long before. What cannot be true is taken off (`seq` −1); where much
 * of it cannot, a target passes on something else than what it was given, and nothing is believed.
 * `calls` are those of one arm to one dependency.
 */
export function believeIdentity(
  calls: readonly EmulatedCall[],
  requestOf: (seq: number) => Pick<RequestRow, "endNs" | "startNs"> | undefined,
): { readonly calls: readonly EmulatedCall[]; readonly joinedBy: JoinedBy } {
  const canBeTrue = ({ arriveNs, seq }: EmulatedCall): boolean => {
    const request = requestOf(seq);
    if (request === undefined) return false;
    const { endNs, startNs } = request;
    return arriveNs >= startNs - BELIEF.aheadNs && arriveNs <= endNs + BELIEF.behindNs;
  };
  const believed = calls.map((call) => call.seq >= 0 && canBeTrue(call));
  const named = calls.reduce((sum, { seq }) => sum + (seq >= 0 ? 1 : 0), 0);
  const joined = believed.reduce((sum, each) => sum + (each ? 1 : 0), 0);
  const enough = joined >= BELIEF.trueRatio * named && joined >= BELIEF.namedRatio * calls.length;
  if (joined === 0 || !enough) return { calls: calls.map(anonymous), joinedBy: "rates" };
  const kept = calls.map((call, i) => (believed[i] === true ? call : anonymous(call)));
  return { calls: kept, joinedBy: "identity" };
}

/** Nobody's: how often anybody has asked the same is no number of attempts. */
const anonymous = (call: EmulatedCall): EmulatedCall =>
  call.seq < 0 && call.attempt === 1 ? call : { ...call, seq: -1, attempt: 1 };
