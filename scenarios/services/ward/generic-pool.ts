import { createPool } from "generic-pool";
import { Client } from "undici";
import type { Service } from "./model.ts";
import { paused } from "./pause.ts";
import { originOf, whole } from "./settings.ts";

/** generic-pool around clients of one connection each; who gets none within ACQUIRE_MS fails. */
export const service: Service = () => {
  const acquireMs = whole("ACQUIRE_MS", 0);
  const pool = createPool(
    {
      create: () => Promise.resolve(new Client(originOf(), { pipelining: 1 })),
      destroy: (client) => client.close(),
    },
    {
      max: whole("POOL", 64),
      ...(acquireMs === 0 ? {} : { acquireTimeoutMillis: acquireMs }),
    },
  );
  return ({ identity, path }) =>
    paused(() =>
      pool.use(async (client) => {
        const { body } = await client.request({ method: "GET", path, headers: identity });
        return body.text();
      }),
    );
};
