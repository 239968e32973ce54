import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import type { TlsIdentity } from "./front.ts";

/** An identity with the authority that vouches for it, all PEM. */
export interface GeneratedIdentity extends TlsIdentity {
  /** What a caller has to trust. */
  readonly authority: string;
}

const DAY_MS = 86_400_000;
const VALID_DAYS = 365;
const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
/** A caller's clock may be behind ours. */
const EARLIER_MS = DAY_MS;
/** 16 random bytes, of which the first keeps the number positive and of full length. */
const serialNumber = (): string => `40${randomBytes(15).toString("hex")}`;

/**
 * A certificate for host names and addresses, signed by an authority that is made for it and whose
 * key is forgotten, so that it can vouch for nothing else. Two certificates, since not every client
 * takes an authority's own as a server's. Valid from the day before `at` for a year.
 */
export async function generateIdentity(
  names: readonly string[],
  at: Date,
): Promise<GeneratedIdentity> {
  // Neither is needed unless asked for; the one expects the other to be there.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const { subtle } = webcrypto;
  const keysOf = () => subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const [own, servers] = await Promise.all([keysOf(), keysOf()]);
  const valid = {
    notBefore: new Date(at.getTime() - EARLIER_MS),
    notAfter: new Date(at.getTime() + VALID_DAYS * DAY_MS),
    signingAlgorithm: SIGNATURE,
  };
  const { KeyUsageFlags } = x509;
  const authority = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...valid,
      serialNumber: serialNumber(),
      name: "CN=shakedown emulated dependencies",
      keys: own,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(own.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const server = await x509.X509CertificateGenerator.create(
    {
      ...valid,
      serialNumber: serialNumber(),
      subject: "CN=emulated dependency",
      issuer: authority.subject,
      signingKey: own.privateKey,
      publicKey: servers.publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
        ),
        await x509.SubjectKeyIdentifierExtension.create(servers.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(authority, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const key = await subtle.exportKey("pkcs8", servers.privateKey);
  return {
    authority: `${authority.toString("pem")}\n`,
    cert: `${server.toString("pem")}\n`,
    key: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
  };
}
