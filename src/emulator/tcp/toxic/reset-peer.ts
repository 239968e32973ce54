import { NS_PER_MS } from "../../../core/index.ts";
import { durationMsField, type Piece, type Toxic, toxic, wholeField } from "./model.ts";

/** `{ type: reset_peer, timeout: 10ms }`: RST to both peers, so long after the first bytes. */
export const resetPeerFields = { timeout: durationMsField().default(0) };
export const resetPeerAttributes = { timeout: wholeField() };

/**
 * `timeout` in milliseconds, from the first bytes or the end, whichever comes first; none of the
 * bytes get through. Unlike Toxiproxy, which can only say RST where a connection opens, a toxic
 * that is put on a live connection resets it too, and toxicity is heeded.
 */
export function resetPeerToxic({ timeout }: { readonly timeout: number }): Toxic {
  const reset = (nowNs: number): Piece[] => [{ end: "reset", dueNs: nowNs + timeout * NS_PER_MS }];
  return toxic({ chunk: (_chunk, nowNs) => reset(nowNs), end: reset });
}
