import { NS_PER_MS } from "../../../core/index.ts";
import { durationMsField, type Toxic, toxic, wholeField } from "./model.ts";

/** `{ type: slow_close, delay: 2s }`: the end comes so much later than it came in. */
export const slowCloseFields = { delay: durationMsField() };
export const slowCloseAttributes = { delay: wholeField() };

/** `delay` in milliseconds. */
export const slowCloseToxic = ({ delay }: { readonly delay: number }): Toxic =>
  toxic({ end: (nowNs) => [{ end: "end", dueNs: nowNs + delay * NS_PER_MS }] });
