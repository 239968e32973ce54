/**
 * The URL of a worker's file beside the given module: `.ts` when the source runs as it is, `.js`
 * when it was compiled into dist/.
 */
export function threadUrl(name: string, importMetaUrl: string): URL {
  const extension = importMetaUrl.endsWith(".ts") ? "ts" : "js";
  return new URL(`./${name}.${extension}`, importMetaUrl);
}
