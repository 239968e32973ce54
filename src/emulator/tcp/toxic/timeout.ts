import { NS_PER_MS } from "../../../core/index.ts";
import { durationMsField, type Toxic, toxic, wholeField } from "./model.ts";

/**
 * `{ type: timeout, timeout: 5s }`: nothing gets through, and the connection is closed after so
 * long; `0ms`: never.
 */
export const timeoutFields = { timeout: durationMsField() };
export const timeoutAttributes = { timeout: wholeField() };

/**
 * `timeout` in milliseconds, counted from when the connection opens or the toxic is put on it.
 * Taking the toxic off closes the connection: bytes are missing from it. With 0, the peer's own end
 * passes, or a connection that both peers have forgotten would stay for good.
 */
export const timeoutToxic = ({ timeout }: { readonly timeout: number }): Toxic =>
  toxic({
    begin: (nowNs) => (timeout > 0 ? [{ end: "close", dueNs: nowNs + timeout * NS_PER_MS }] : []),
    chunk: () => [],
    whenRemoved: "close",
  });
