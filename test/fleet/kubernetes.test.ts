import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { kubernetesManifests } from "../../src/fleet/index.ts";

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels?: object };
    readonly template?: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly resources: { readonly requests: object; readonly limits: object };
        }[];
      };
    };
  };
}

it("the manifests are a Redis that workers find by name, and workers with cores of their own", () => {
  const text = kubernetesManifests({ image: "registry.example/shakedown:1", workers: 8, cores: 2 });
  const all = parseAllDocuments(text).map((each) => each.toJS() as Manifest);
  expect(all.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    "Deployment shakedown-redis",
    "Service shakedown-redis",
    "Deployment shakedown-worker",
  ]);
  for (const { spec } of all) {
    if (spec.template === undefined) continue;
    expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
  }
  const { spec } = all[2]!;
  expect(spec.replicas).toBe(8);
  const [worker] = spec.template!.spec.containers;
  expect(worker?.args).toContain("redis://shakedown-redis:6379");
  expect(worker?.args.join(" ")).toMatch(/--ceiling measure$/);
  // The same on both sides: only then are the cores its own.
  expect(worker?.resources.requests).toEqual(worker?.resources.limits);
});
