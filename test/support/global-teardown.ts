import type { RunningServer } from './server.js';

export default async function teardown(): Promise<void> {
  await (globalThis as { testServer?: RunningServer }).testServer?.stop();
}
