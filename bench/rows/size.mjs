import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeProject } from '../corpus/files.mjs';
import { work } from '../paths.mjs';
import { atMost } from '../report/goal.mjs';
import { megabytes } from '../report/table.mjs';
import { nestApp, npm, versionsOf } from '../setup/install.mjs';

export const title = 'Size: a production install beyond Nest, TypeORM and pg';

export function measure(bench) {
  const dir = writeProject(join(work, 'size'), {
    'package.json': { name: 'size', private: true, dependencies: versionsOf(nestApp) },
    '.npmrc': 'package-lock=false\n',
  });
  npm(['install', '--omit=dev', '--prefer-offline'], dir);
  const before = installed(dir);
  npm(['install', '--omit=dev', '--prefer-offline', join(work, 'nest-migrate.tgz')], dir);
  const after = installed(dir);
  const packages = after.packages.filter((name) => !before.packages.includes(name));
  const added = { contents: after.contents - before.contents, blocks: after.blocks - before.blocks };
  return {
    tables: [
      {
        head: ['', 'packages', 'contents of the files', 'on disk, as du says'],
        lines: [
          lineOf('Nest, TypeORM, pg', before),
          lineOf('with nest-migrate', after),
          lineOf('added', { ...added, packages }),
        ],
      },
    ],
    goals: bench.quick
      ? []
      : [
          atMost('packages', packages.length, 10, String),
          atMost('contents', added.contents, 3e6, megabytes),
          atMost('on disk', added.blocks, 3e6, megabytes),
        ],
    notes: [`Added: ${packages.join(', ')}.`],
  };
}

const lineOf = (name, { packages, contents, blocks }) => [
  name,
  packages.length,
  megabytes(contents),
  megabytes(blocks),
];

function installed(dir) {
  const modules = join(dir, 'node_modules');
  return { packages: packagesIn(modules), ...sizeOf(modules) };
}

/** Also those that lie inside of others. */
function packagesIn(modules) {
  return folders(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => (name.startsWith('@') ? folders(join(modules, name)).map((inner) => join(name, inner)) : [name]))
    .flatMap((name) => [name, ...packagesIn(join(modules, name, 'node_modules')).map((inner) => `${name} > ${inner}`)]);
}

function folders(dir) {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

/** A file of ten bytes takes a whole block on the disk. */
function sizeOf(dir) {
  const found = readdirSync(dir, { recursive: true }).map((name) => lstatSync(join(dir, name)));
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  return {
    contents: sum(found.filter((entry) => entry.isFile()).map(({ size }) => size)),
    blocks: sum(found.map(({ blocks }) => blocks * 512)),
  };
}
