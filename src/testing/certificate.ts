import { execFileSync } from "node:child_process";
import { isIP } from "node:net";

/** A certificate that is its own authority; both texts are PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

const made = new Map<string, TestCertificate>();

/**
 * A certificate for host names and addresses, valid for two days, made with the `openssl` command;
 * the same one each time for the same names.
 * @throws Error when there is no `openssl`
 */
export function selfSignedCertificate(names: readonly string[]): TestCertificate {
  const alternatives = names.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`).join(",");
  const known = made.get(alternatives);
  if (known !== undefined) return known;
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const given = ["-days", "2", "-subj", "/CN=shakedown test"];
  const files = ["-addext", `subjectAltName=${alternatives}`, "-keyout", "-", "-out", "-"];
  const pem = execFileSync("openssl", ["req", "-x509", ...key, ...given, ...files], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const block = (what: string): string =>
    new RegExp(`-----BEGIN ${what}-----[^]*?-----END ${what}-----\n`).exec(pem)?.[0] ?? "";
  const certificate = { cert: block("CERTIFICATE"), key: block("PRIVATE KEY") };
  made.set(alternatives, certificate);
  return certificate;
}
