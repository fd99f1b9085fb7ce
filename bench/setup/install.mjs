import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, bench, manifestOf, root, work } from '../paths.mjs';

/** What a Nest app has without nest-migrate, in the versions that this repository is tested with. */
export const nestApp = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/typeorm',
  'pg',
  'reflect-metadata',
  'rxjs',
  'typeorm',
];
/** What `generate`, `check` and `lint` need in development. */
const development = ['typescript'];

export function npm(args, cwd) {
  // npm tells its children about itself in variables that would be settings for this one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)/.test(name)),
  );
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  return execFileSync('npm', [...args, ...quiet], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

export function versionsOf(names) {
  const { devDependencies } = manifestOf(root);
  return Object.fromEntries(names.map((name) => [name, devDependencies[name]]));
}

/** A clean clone has nothing yet. */
export function installRepository() {
  if (!existsSync(join(root, 'node_modules', 'typescript-7'))) npm(['install'], root);
}

/** The other tools, each in the version that package.json pins. */
export function installTools() {
  const wanted = JSON.stringify(manifestOf(bench).devDependencies);
  keepInstalled(bench, wanted, () => npm(['install'], bench));
}

/** nest-migrate and nest-migrate-dev as users get them: packed, and installed from their tarballs beside Nest and TypeORM. */
export function installApp(tarballs) {
  const { 'ts-node': tsNode } = manifestOf(bench).devDependencies;
  const manifest = {
    name: 'app',
    private: true,
    type: 'commonjs',
    dependencies: versionsOf(nestApp),
    devDependencies: { ...versionsOf(development), 'ts-node': tsNode },
  };
  const wanted = JSON.stringify(manifest);
  mkdirSync(app, { recursive: true });
  keepInstalled(app, wanted, () => {
    writeFileSync(join(app, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    writeFileSync(join(app, '.npmrc'), 'package-lock=false\n');
    npm(['install'], app);
  });
  // The sources may have changed since the last run, and its dependencies with them.
  npm(['install', '--no-save', '--prefer-offline', ...tarballs], app);
}

/** Both packages, as tarballs. */
export function pack() {
  mkdirSync(work, { recursive: true });
  // npm prints what the scripts of a package print as well.
  execFileSync(process.execPath, ['scripts/build.mjs', '--force'], { cwd: root });
  execFileSync(process.execPath, ['scripts/dev-image.mjs'], { cwd: root });
  return [root, join(root, 'packages/dev')].map((folder) => {
    const [{ filename }] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', work], folder));
    return join(work, filename);
  });
}

/** What is installed is used again, as long as it is what is wanted. */
function keepInstalled(dir, wanted, install) {
  const stamp = join(dir, 'node_modules', '.bench');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(join(dir, 'node_modules'), { recursive: true, force: true });
  install();
  writeFileSync(stamp, wanted);
}
