/**
 * Loads `pg` without Node's `fetch`. To learn whether it runs in a Cloudflare Worker it looks for a `navigator`; Node 20 has none, and then it
 * makes a `Response`, for which Node loads more than all of us. So for that moment it finds what later versions of Node have.
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
