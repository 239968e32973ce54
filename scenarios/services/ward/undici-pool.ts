import { Pool } from "undici";
import type { Service } from "./model.ts";
import { paused } from "./pause.ts";
import { originOf, whole } from "./settings.ts";

/** undici's pool: POOL connections, CALLS calls a request one after the other; it waits without end. */
export const service: Service = () => {
  const pool = new Pool(originOf(), { connections: whole("POOL", 64), pipelining: 1 });
  const calls = whole("CALLS", 1);
  return ({ identity, path }) =>
    paused(async () => {
      let text = "";
      for (let nth = 0; nth < calls; nth++) {
        const suffix = nth === 0 ? "" : `?part=${nth}`;
        const { body } = await pool.request({
          method: "GET",
          path: path + suffix,
          headers: identity,
        });
        text = await body.text();
      }
      return text;
    });
};
