import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { app, ofApp } from '../paths.mjs';
import { writeProject } from './files.mjs';
import { changedOf, newColumn } from './shop.mjs';
import { tsconfig } from './typeorm-project.mjs';

/** The entities of a shop as TypeScript files. */
export const typescriptEntities = (tables) =>
  Object.fromEntries(tables.map((table) => [`entities/${table.file}.ts`, entity(table, [])]));

/** The same, compiled by the project's own TypeScript: `{ files, changed }`, where `changed` is the entity with the new column. */
export function compiledEntities(tables) {
  const dir = join(app, 'entities', `${tables.length} ${tables[0].added.length}`);
  if (!existsSync(dir)) compile(tables, dir);
  const read = (folder) =>
    readdirSync(join(dir, folder)).map((name) => [`entities/${name}`, textOf(dir, folder, name)]);
  return { files: Object.fromEntries(read('entities')), changed: Object.fromEntries(read('changed')) };
}

/** The changed one was compiled in a folder beside the others, and takes its place among them. */
const textOf = (...path) =>
  readFileSync(join(...path), 'utf8')
    .replaceAll("require('../", "require('./")
    .replaceAll('require("../', 'require("./');

function compile(tables, dir) {
  const draft = `${dir}.new`;
  const changed = changedOf(tables);
  const { compilerOptions } = tsconfig;
  writeProject(draft, {
    'package.json': { private: true, type: 'commonjs' },
    'tsconfig.json': { compilerOptions: { ...compilerOptions, noEmitOnError: true }, include: ['entities'] },
    ...typescriptEntities(tables),
    [`entities/changed/${changed.file}.ts`]: entity(changed, [newColumn], '../'),
  });
  const tsc = join(ofApp('typescript'), 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', draft, '--outDir', join(draft, 'out')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  mkdirSync(dir, { recursive: true });
  renameSync(join(draft, 'out', 'entities', 'changed'), join(dir, 'changed'));
  renameSync(join(draft, 'out', 'entities'), join(dir, 'entities'));
  rmSync(draft, { recursive: true });
}

const columnOf = (name) => `
  @Column({ type: 'text', nullable: true })
  ${name}: string | null;
`;

function entity({ table, className, parent, primaryKey, index, foreignKey, added }, further, up = './') {
  const isOwnParent = parent.className === className;
  return `import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
${isOwnParent ? '' : `import { ${parent.className} } from '${up}${parent.file}';\n`}
@Entity('${table}')
export class ${className} {
  @PrimaryGeneratedColumn({ primaryKeyConstraintName: '${primaryKey}' })
  id: number;

  @Index('${index}')
  @Column({ length: 120 })
  title: string;

  @Column({ type: 'text', nullable: true })
  description: string | null;

  @Column({ default: 0 })
  position: number;

  @Column({ type: 'numeric', precision: 10, scale: 2, nullable: true })
  price: string | null;

  @Column({ default: false })
  active: boolean;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'parent_id', type: 'int', nullable: true })
  parentId: number | null;

  @ManyToOne(() => ${parent.className})
  @JoinColumn({ name: 'parent_id', foreignKeyConstraintName: '${foreignKey}' })
  parent: ${parent.className};
${[...added, ...further].map(columnOf).join('')}}
`;
}
