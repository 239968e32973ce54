import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { getCACertificates } from "node:tls";
import { messageOf, ShakedownError } from "../core/index.ts";

/** Trusted on top of what a program trusts anyhow; trusted alone. */
const EXTRA = "dependencies-ca.pem";
const BUNDLE = "dependencies-ca-bundle.pem";

/**
 * Writes whom to trust of dependencies with `tls: generated` into a folder, and gives the variables
 * by which a program is told of it: `NODE_EXTRA_CA_CERTS` (Node.js, Deno, Bun), and `SSL_CERT_FILE`
 * (OpenSSL and what is made with it, Go). What this process is told to trust by the one stays
 * trusted; since the other replaces all that a program trusts, the system's authorities are in its
 * file, too.
 * @throws OUTPUT_UNWRITABLE
 */
export function writeAuthority(folder: string, authority: string): Record<string, string> {
  const write = (name: string, texts: readonly string[]): string => {
    const path = resolve(folder, name);
    try {
      writeFileSync(path, texts.map((text) => `${text.trim()}\n`).join(""));
      return path;
    } catch (cause) {
      throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot write ${path}: ${messageOf(cause)}`, {
        hint: "free some space, or name another folder",
        cause,
      });
    }
  };
  const system = getCACertificates("system");
  const known = system.length > 0 ? system : getCACertificates("bundled");
  return {
    NODE_EXTRA_CA_CERTS: write(EXTRA, [authority, ...getCACertificates("extra")]),
    SSL_CERT_FILE: write(BUNDLE, [authority, ...known]),
  };
}
