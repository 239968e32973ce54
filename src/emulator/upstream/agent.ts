import type { Agent } from "undici";
import { lazily } from "../../core/index.ts";

const undici = lazily("undici") as () => { readonly Agent: typeof Agent };

/** Loads what asks upstreams, so that the first call to one does not wait for that. */
export function readyForUpstreams(): void {
  undici();
}

/** How upstreams are asked: as many connections as there are calls, each call once. */
export const upstreamAgent = (): Agent =>
  new (undici().Agent)({ allowH2: false, pipelining: 1, maxHeaderSize: 65_536 });
