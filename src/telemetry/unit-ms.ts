/** Milliseconds in a unit of time, by its name in UCUM, as OpenTelemetry writes units. */
export const MS_PER: Readonly<Record<string, number>> = { s: 1_000, ms: 1, us: 1e-3, ns: 1e-6 };
