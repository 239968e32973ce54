import CircuitBreaker from "opossum";
import { originCaller } from "./call.ts";
import type { Service, Visit } from "./model.ts";
import { whole } from "./settings.ts";

/** opossum around a call: opens at THRESHOLD per cent of VOLUME calls and more, for OPEN_MS. */
export const service: Service = () => {
  const breaker = new CircuitBreaker<[Visit], string>(originCaller(), {
    timeout: false,
    errorThresholdPercentage: whole("THRESHOLD", 50),
    volumeThreshold: whole("VOLUME", 20),
    resetTimeout: whole("OPEN_MS", 1_000),
  });
  return (visit) => breaker.fire(visit);
};
