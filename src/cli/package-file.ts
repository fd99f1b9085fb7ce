/** A file beside package.json. Bundles are at the same depth in the package as this file. */
export function packageFile(name: string): URL {
  return new URL(`../../../${name}`, import.meta.url);
}
