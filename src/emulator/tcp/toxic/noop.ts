import { type Toxic, toxic } from "./model.ts";

/** `{ type: noop }`: everything passes. */
export const noopFields = {};
export const noopAttributes = {};

export const noopToxic = (): Toxic => toxic({});
