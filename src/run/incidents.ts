import type { Faults } from "./yaml-file.ts";

interface NamedIncidents {
  readonly dependencies: Readonly<Record<string, unknown>>;
  readonly incidents: Readonly<Record<string, unknown>>;
}

/** Incidents that dependencies name, and that there are. */
export function checkIncidents({ dependencies, incidents }: NamedIncidents, faults: Faults): void {
  for (const [dependency, spec] of Object.entries(dependencies)) {
    for (const [path, incident] of incidentsIn(spec, ["dependencies", dependency])) {
      if (Object.hasOwn(incidents, incident)) continue;
      const known = Object.keys(incidents).join(", ");
      const there = known === "" ? "there are none" : `there are ${known}`;
      faults.in(path, `no incident is called "${incident}"; ${there}`);
    }
  }
}

type Path = readonly PropertyKey[];

function* incidentsIn(value: unknown, path: Path): Generator<readonly [Path, string]> {
  if (typeof value !== "object" || value === null) return;
  const { incident, kind } = value as Record<string, unknown>;
  if (kind === "incident" && typeof incident === "string") yield [path, incident];
  for (const [key, inner] of Object.entries(value)) yield* incidentsIn(inner, [...path, key]);
}
