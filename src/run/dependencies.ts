import { resolve } from "node:path";
import { canonicalJson, sha256Hex } from "../core/index.ts";
import {
  type DependencySpec,
  type HttpSpec,
  latencySchema,
  type LatencySpec,
  resolveFitted,
} from "../emulator/index.ts";
import { dependencyLatency, type ProfileManifest } from "../profile/index.ts";
import { withStubs } from "./served-stubs.ts";
import { readTextFile } from "./text-file.ts";

const PEM = { what: "file", hint: "`tls` of a dependency names PEM files, from the file's folder" };

function pemOf(textOrPath: string, dir: string): string {
  if (textOrPath.includes("-----BEGIN ")) return textOrPath;
  return readTextFile(resolve(dir, textOrPath), PEM);
}

function holdsFit(latency: LatencySpec): boolean {
  return JSON.stringify(latency).includes('"kind":"fitted"');
}

/** The profile that latencies are fitted from, when one is asked for. */
export type ManifestOf = () => ProfileManifest | Promise<ProfileManifest>;

async function resolved(
  name: string,
  spec: HttpSpec,
  { dir, manifestOf }: { dir: string; manifestOf: ManifestOf },
): Promise<HttpSpec> {
  const { latency, tls } = spec;
  const identity =
    tls === null || tls === "generated"
      ? tls
      : { cert: pemOf(tls.cert, dir), key: pemOf(tls.key, dir) };
  if (!holdsFit(latency)) return { ...spec, tls: identity };
  const lookup = dependencyLatency(await manifestOf(), name);
  const fitted = resolveFitted(latency, (route, statusClass) =>
    latencySchema.parse(lookup(route, statusClass)),
  );
  return { ...spec, tls: identity, latency: fitted };
}

/**
 * Dependencies as they can be served: fits are looked up in the profile, files of keys, bodies and
 * stubs read.
 * @throws SCENARIO_INVALID when the profile knows nothing of one that is to be fitted;
 * FILE_NOT_FOUND, FILE_UNREADABLE
 */
export async function servedDependencies(
  dependencies: Readonly<Record<string, DependencySpec>>,
  from: {
    readonly dir: string;
    readonly manifestOf: ManifestOf;
    /** Told of what stubs of other tools ask for and do not get. */
    readonly warn: (message: string) => void;
  },
): Promise<Record<string, DependencySpec>> {
  const served: Record<string, DependencySpec> = {};
  for (const [name, spec] of Object.entries(dependencies)) {
    if (spec.protocol === "tcp") served[name] = spec;
    else {
      const warn = (message: string): void => from.warn(`dependency ${name}: ${message}`);
      served[name] = withStubs(await resolved(name, spec, from), from.dir, warn);
    }
  }
  return served;
}

/**
 * SHA-256 of a dependency as it is served: another stub, body or fit in a file that it names gives
 * another hash, another name or place of that file the same. A private key is no part of it.
 */
export function dependencySha256(spec: DependencySpec): string {
  const tls = spec.protocol === "tcp" ? null : spec.tls;
  const known = tls === null || tls === "generated" ? tls : tls.cert;
  return sha256Hex(canonicalJson({ ...spec, tls: known }));
}
