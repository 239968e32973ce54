import { ShakedownError } from "../core/index.ts";
import { version } from "./version.ts";

const PORT_MAX = 65_535;

/** A port that a flag names; 0, any free one, where it names none. @throws USAGE */
export function portOf(flag: string, given: string): number {
  if (given === "") return 0;
  if (/^\d{1,5}$/.test(given) && Number(given) <= PORT_MAX) return Number(given);
  throw new ShakedownError("USAGE", `${flag} takes a port from 0 to 65535, not "${given}"`, {
    hint: `${flag}=8080, or ${flag} after everything else, for a free one`,
  });
}

export const TOOL = { name: "shakedown", version } as const;
