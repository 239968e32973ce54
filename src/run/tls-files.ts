import { resolve } from "node:path";
import type { TlsOptions } from "../replay/index.ts";
import type { ScenarioArm } from "./scenario/index.ts";
import { readTextFile } from "./text-file.ts";

const NAMED = { what: "file", hint: "`tls` names PEM files, from the scenario's folder" };

const pem = (dir: string, file: string | undefined): string | undefined =>
  file === undefined ? undefined : readTextFile(resolve(dir, file), NAMED);

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
