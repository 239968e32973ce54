import { Pool } from "pg";
import type { Service } from "./model.ts";
import { paused } from "./pause.ts";
import { whole } from "./settings.ts";

/** node-postgres' pool of POOL, before the database at DATABASE_HOST and DATABASE_PORT; queries of QUERY_MS. */
export const service: Service = () => {
  const pool = new Pool({
    host: process.env["DATABASE_HOST"] ?? "127.0.0.1",
    port: whole("DATABASE_PORT", 5432),
    user: "postgres",
    database: "postgres",
    max: whole("POOL", 64),
  });
  // An idle connection that ends is replaced when it is wanted.
  pool.on("error", () => {});
  const queryS = whole("QUERY_MS", 20) / 1_000;
  return () =>
    paused(async () => {
      const { rows } = await pool.query("SELECT pg_sleep($1) AS slept", [queryS]);
      return JSON.stringify(rows);
    });
};
