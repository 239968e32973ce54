import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf, ShakedownError, systemCodeOf } from "../core/index.ts";
import type { TlsOptions } from "../replay/index.ts";
import type { ScenarioArm } from "./scenario.ts";

function pem(dir: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const path = resolve(dir, file);
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const missing = systemCodeOf(cause) === "ENOENT";
    throw new ShakedownError(
      missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
      missing ? `there is no file ${path}` : `cannot read ${path}: ${messageOf(cause)}`,
      { hint: "`tls` names PEM files, from the scenario's folder", cause },
    );
  }
}

/** The PEM texts of an arm's `tls`; null for plain http. @throws FILE_NOT_FOUND, FILE_UNREADABLE */
export function tlsOptions(
  arm: Extract<ScenarioArm, { url: string }>,
  dir: string,
): TlsOptions | null {
  if (!arm.url.startsWith("https:")) return null;
  const { ca, cert, insecure = false, key, servername } = arm.tls ?? {};
  return {
    servername,
    ca: pem(dir, ca),
    cert: pem(dir, cert),
    key: pem(dir, key),
    insecure,
  };
}
