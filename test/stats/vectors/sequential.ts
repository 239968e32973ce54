import type { Runners } from "./runner.ts";

export const sequential: Runners = {};
