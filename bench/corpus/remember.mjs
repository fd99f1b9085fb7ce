import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a folder holds now, so that what a command writes can be found and taken back. */
export function remember(dir) {
  const list = () => new Map(filesIn(dir).map((name) => [name, statSync(join(dir, name)).mtimeMs]));
  const before = list();
  const contents = new Map([...before.keys()].map((name) => [name, readFileSync(join(dir, name))]));
  return {
    added: () => filesIn(dir).filter((name) => !before.has(name)),
    restore: () => {
      for (const [name, time] of list()) {
        if (!before.has(name)) rmSync(join(dir, name));
        else if (before.get(name) !== time) {
          writeFileSync(join(dir, name), contents.get(name));
          before.set(name, statSync(join(dir, name)).mtimeMs);
        }
      }
    },
  };
}

const filesIn = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
