/**
 * Loads `pg` without Node's `fetch`. To find out whether it runs in a Cloudflare Worker, `pg` reads `navigator`. Node 20 has none, so `pg`
 * creates a `Response`, for which Node loads more code than this whole package. Therefore `navigator` is defined, as in later versions of
 * Node, while `pg` is loaded.
 */
export async function loadPg(): Promise<typeof import('pg')> {
  if ('navigator' in globalThis) return import('pg');
  const userAgent = `Node.js/${process.versions.node.split('.')[0]}`;
  Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true });
  try {
    return await import('pg');
  } finally {
    Reflect.deleteProperty(globalThis, 'navigator');
  }
}
