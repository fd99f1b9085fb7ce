import { manifestOf, bench, ofApp, ofBench } from '../paths.mjs';

const inApp = ['nest-migrate', 'typeorm', 'ts-node', 'typescript', '@nestjs/core'];

/** What was really installed. */
export function toolVersions() {
  const others = Object.keys(manifestOf(bench).devDependencies).filter((name) => !inApp.includes(name));
  return Object.fromEntries([
    ...inApp.map((name) => [name, manifestOf(ofApp(name)).version]),
    ...others.map((name) => [name, manifestOf(ofBench(name)).version]),
  ]);
}
