import { resolve } from "node:path";
import { canonicalJson, sha256Hex } from "../core/index.ts";
import {
  capacitySchema,
  type DependencySpec,
  faultSchema,
  holdsFittedFaults,
  type HttpSpec,
  isFitted,
  latencySchema,
  type LatencySpec,
  limitSchema,
  resolveFaults,
  resolveFitted,
  withStubs,
} from "../emulator/index.ts";
import { dependencyLatency, dependencyModel, type ProfileManifest } from "../profile/index.ts";
import { readTextFile } from "./text-file.ts";

const PEM = { what: "file", hint: "`tls` of a dependency names PEM files, from the file's folder" };

function pemOf(textOrPath: string, dir: string): string {
  if (textOrPath.includes("-----BEGIN ")) return textOrPath;
  return readTextFile(resolve(dir, textOrPath), PEM);
}

function holdsFit(latency: LatencySpec): boolean {
  return JSON.stringify(latency).includes('"kind":"fitted"');
}

/** The profile that dependencies are fitted from, when one is asked for. */
export type ManifestOf = () => ProfileManifest | Promise<ProfileManifest>;

/** Of what a fit is asked for. */
function fittedParts({ capacity, errors, latency, limit }: HttpSpec) {
  return {
    latency: holdsFit(latency),
    errors: errors !== undefined && holdsFittedFaults(errors),
    limit: limit !== undefined && isFitted(limit),
    capacity: capacity !== undefined && isFitted(capacity),
  };
}

/** With what the profile says of a dependency where its spec asks for it. */
function fitted(
  name: string,
  spec: HttpSpec,
  { manifest, warn }: { manifest: ProfileManifest; warn: (message: string) => void },
): HttpSpec {
  const asked = fittedParts(spec);
  const model = (what: "errors" | "limit" | "capacity"): unknown => {
    const { because, model: found } = dependencyModel(manifest, name, what);
    if (because !== null) warn(`${what}: nothing to fit, ${because}; none is emulated`);
    return found ?? undefined;
  };
  const { errors } = spec;
  const lookup = dependencyLatency(
    manifest,
    name,
    spec.capacity === undefined ? "nothing" : "servers",
  );
  return {
    ...spec,
    latency: resolveFitted(spec.latency, (route, statusClass) =>
      latencySchema.parse(lookup(route, statusClass)),
    ),
    ...(asked.errors && errors !== undefined
      ? { errors: resolveFaults(errors, faultSchema.optional().parse(model("errors")) ?? null) }
      : {}),
    ...(asked.limit ? { limit: limitSchema.optional().parse(model("limit")) } : {}),
    ...(asked.capacity ? { capacity: capacitySchema.optional().parse(model("capacity")) } : {}),
  };
}

async function resolved(
  name: string,
  spec: HttpSpec,
  from: { dir: string; manifestOf: ManifestOf; warn: (message: string) => void },
): Promise<HttpSpec> {
  const { tls } = spec;
  const identity =
    tls === null || tls === "generated"
      ? tls
      : { cert: pemOf(tls.cert, from.dir), key: pemOf(tls.key, from.dir) };
  const asks = Object.values(fittedParts(spec)).includes(true);
  const behaving = asks
    ? fitted(name, spec, { manifest: await from.manifestOf(), warn: from.warn })
    : spec;
  return { ...behaving, tls: identity };
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
      const whole = await resolved(name, spec, { ...from, warn });
      served[name] = await withStubs(whole, from.dir, warn);
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
