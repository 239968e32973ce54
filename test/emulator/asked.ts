import type { Asked } from "../../src/emulator/decision.ts";
import { createWorlds } from "../../src/emulator/world.ts";

/** A GET of `/` that finds nobody else; what is given replaces that. */
export const asked = (given: Partial<Asked> = {}): Asked => ({
  method: "GET",
  path: "/",
  headers: {},
  requestBytes: 0,
  client: "127.0.0.1",
  nowNs: 0,
  inFlight: 1,
  ratePerSec: 0,
  status: 0,
  responseBytes: 0,
  ...given,
});

/** The surroundings of a dependency, without incidents. */
export const WORLD = createWorlds("seed", {})("stock");
