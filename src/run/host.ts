import { cpus, platform, release, totalmem } from "node:os";
import { canonicalJson, sha256Hex } from "../core/index.ts";

/** What the noise of a host depends on, as far as it can be asked. */
export interface HostFingerprint {
  /** SHA-256; another kernel, processor, memory size or Node.js is another host. */
  readonly fingerprint: string;
  readonly description: string;
}

/** This host's. */
export function hostFingerprint(): HostFingerprint {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? "unknown processor";
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  const host = {
    model,
    cores: processors.length,
    memoryGb,
    kernel: `${platform()} ${release()}`,
    node: process.version,
  };
  return {
    fingerprint: sha256Hex(canonicalJson(host)),
    description: `${host.cores} × ${model}, ${memoryGb} GiB, ${host.kernel}, Node.js ${host.node}`,
  };
}
