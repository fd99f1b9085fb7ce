import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Makes a folder with exactly these files. */
export function writeProject(dir, files) {
  rmSync(dir, { recursive: true, force: true });
  writeFiles(dir, files);
  return dir;
}

export function writeFiles(dir, files) {
  for (const [path, content] of Object.entries(files)) {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
}

/** SQL as a literal of JavaScript. */
export const quoted = (sql) => `\`${sql.replace(/[`\\$]/g, '\\$&')}\``;
