/** Each name's values, in the order in which they came; a name stands where it came first. */
export function grouped(
  pairs: Iterable<readonly [name: string, value: string]>,
): ReadonlyMap<string, readonly string[]> {
  const lists = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const list = lists.get(name);
    if (list === undefined) lists.set(name, [value]);
    else list.push(value);
  }
  return lists;
}
