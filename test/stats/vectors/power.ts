import type { Runners } from "./runner.ts";

export const power: Runners = {};
