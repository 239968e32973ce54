/** Many machines: a run's load, cut into shards that workers send, on Redis and BullMQ. */
export { Fleet, type FleetOptions } from "./fleet.ts";
export { kubernetesManifests, type KubernetesOptions } from "./kubernetes.ts";
export { regainRun, type RegainOptions } from "./regained-run.ts";
export { runWorker, type WorkerOptions } from "./worker.ts";
