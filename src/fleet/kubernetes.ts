import { stringify } from "yaml";

export interface KubernetesOptions {
  /** With shakedown as its entry point; see the README's recipe. */
  readonly image: string;
  readonly workers: number;
  /** Cores of each worker. */
  readonly cores: number;
}

const REDIS = "shakedown-redis";
const WORKER = "shakedown-worker";

const labels = (app: string) => ({ app });
const memoryOf = (cores: number): string => `${cores}Gi`;

function deployment(app: string, replicas: number, pod: Readonly<Record<string, unknown>>) {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app, labels: labels(app) },
    spec: {
      replicas,
      selector: { matchLabels: labels(app) },
      template: { metadata: { labels: labels(app) }, spec: pod },
    },
  };
}

/** Nothing is kept: what a Redis forgets, workers tell again. */
const redisPod = {
  containers: [
    {
      name: "redis",
      image: "redis:7-alpine",
      args: ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"],
      ports: [{ containerPort: 6379 }],
      resources: { requests: { cpu: "1", memory: "2Gi" }, limits: { memory: "4Gi" } },
      readinessProbe: { exec: { command: ["redis-cli", "ping"] }, periodSeconds: 2 },
    },
  ],
};

const redisService = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: REDIS },
  spec: { selector: labels(REDIS), ports: [{ port: 6379 }] },
};

/**
 * Whole cores, requested and limited alike: with the kubelet's static CPU manager they are the
 * worker's own, which is what a generator that is to be on time needs. One to a node where there are
 * enough; a worker that is to end gets time to finish its run.
 */
function workerPod({ cores, image }: KubernetesOptions) {
  const size = { cpu: String(cores), memory: memoryOf(cores) };
  return {
    terminationGracePeriodSeconds: 3_600,
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              labelSelector: { matchLabels: labels(WORKER) },
              topologyKey: "kubernetes.io/hostname",
            },
          },
        ],
      },
    },
    containers: [
      {
        name: "worker",
        image,
        args: `worker --redis redis://${REDIS}:6379 --emulate-at $(POD_IP) --cache /cache --ceiling measure`.split(
          " ",
        ),
        env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
        resources: { requests: size, limits: size },
        volumeMounts: [
          { name: "cache", mountPath: "/cache" },
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      { name: "cache", emptyDir: {} },
      { name: "tmp", emptyDir: {} },
    ],
  };
}

/** Manifests of a fleet with its own Redis, as YAML for `kubectl apply -f -`. */
export function kubernetesManifests(options: KubernetesOptions): string {
  const all = [
    deployment(REDIS, 1, redisPod),
    redisService,
    deployment(WORKER, options.workers, workerPod(options)),
  ];
  return all.map((each) => stringify(each, { aliasDuplicateObjects: false })).join("---\n");
}
