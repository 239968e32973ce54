/** An object whose fields are made when they are first asked for: who does not ask does not pay. */
export function lazyFields(
  makes: Readonly<Record<string, () => unknown>>,
): Readonly<Record<string, unknown>> {
  const made = new Map<() => unknown, unknown>();
  const fields = Object.entries(makes).map(([name, make]): [string, PropertyDescriptor] => [
    name,
    {
      enumerable: true,
      get() {
        if (!made.has(make)) made.set(make, make());
        return made.get(make);
      },
    },
  ]);
  return Object.defineProperties({}, Object.fromEntries(fields));
}
