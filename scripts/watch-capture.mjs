// Edits the entities of examples/blog ten times under `nest-migrate dev --watch`, and writes what it prints into docs/dev.md:
// `npm run captures`. With --check nothing is written; exit code 1 says that it prints something else. Times may differ.
// Either way, the one file at the end must be what a single `generate` writes, and the rows must be there.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { command, environment, makeProject } from './capture-project.mjs';
import { checkSection, writeSection } from './section.mjs';

const root = resolve(import.meta.dirname, '..');
const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-watch-capture-'));
const section = ['docs/dev.md', 'npm run captures'];
const longestMs = 120_000;
/** At the end of the line that says what became of a save. */
const took = / \((?:\d+ min )?\d[\d.]* m?s\)$/;

const [post, comment] = ['src/posts/post.entity.ts', 'src/posts/comment.entity.ts'];
const commentEntity = `import { Column, Entity, Index, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Post } from './post.entity.js';

@Entity('comments')
export class Comment {
  @PrimaryGeneratedColumn('identity', { generatedIdentity: 'BY DEFAULT' })
  id!: number;

  @Column('text')
  text!: string;

  @Index('comments_post')
  @ManyToOne(() => Post, { nullable: false, onDelete: 'CASCADE' })
  post!: Relation<Post>;
}
`;

/** An edit replaces one text by another; a column is added at the end of the class. */
const added = (...lines) => [/\}\n$/, `\n${lines.map((line) => `  ${line}\n`).join('')}}\n`];
const edits = [
  ['add a column', post, added(`@Column('text', { nullable: true })`, 'subtitle!: string | null;')],
  [
    'find a better name for it',
    post,
    ['subtitle!:', 'summary!:'],
    [`@Column('text', { nullable`, `@RenamedFrom('subtitle')\n  @Column('text', { nullable`],
  ],
  [
    'require it',
    post,
    [
      `@Column('text', { nullable: true })\n  summary!: string | null;`,
      `@Backfill('title')\n  @Column('text')\n  summary!: string;`,
    ],
  ],
  [
    'rename a column that has rows',
    post,
    [`@Column('text')\n  title`, `@RenamedFrom('title')\n  @Column('text')\n  headline`],
    [`@Backfill('title')`, `@Backfill('headline')`],
  ],
  [
    'add an enum',
    post,
    added(`@Column('enum', { enum: ['draft', 'published'], default: 'published' })`, 'state!: string;'),
  ],
  ['add a value to it', post, [`'published']`, `'published', 'archived']`]],
  ['index it', post, [`@Column('enum'`, `@Index('posts_state')\n  @Column('enum'`]],
  ['add a table', comment, [/^/, commentEntity]],
  ['count views', post, added(`@Column('int', { default: 0 })`, 'views!: number;')],
  ['count them further', post, [`@Column('int'`, `@Column('bigint'`], ['views!: number', 'views!: string']],
];

function makeBlog(at) {
  makeProject(at, 'blog');
  for (const folder of ['posts', 'users'])
    cpSync(join(root, 'examples/blog/src', folder), join(at, 'src', folder), {
      recursive: true,
      filter: (file) => !/(controller|module)\.ts$/.test(file),
    });
  cpSync(join(root, 'migrations'), join(at, 'migrations'), { recursive: true });
  writeFileSync(
    join(at, 'data-source.ts'),
    readFileSync(join(root, 'data-source.ts'), 'utf8').replace('examples/blog/src', 'src'),
  );
  const file = join(at, post);
  writeFileSync(file, `import { Backfill, RenamedFrom } from 'nest-migrate';\n${readFileSync(file, 'utf8')}`);
}

function edit(file, changes) {
  const path = join(dir, file);
  let text = file === comment ? '' : readFileSync(path, 'utf8');
  for (const [from, to] of changes) {
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`${file} has no ${from}`);
    text = changed;
  }
  writeFileSync(path, text);
}

const env = environment();

/** What it prints, line by line as it comes. */
class Watching {
  #lines = [];
  #wake = () => undefined;
  #child = spawn(process.execPath, [command, 'dev', '--watch'], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });

  constructor() {
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        this.#lines.push(...text.split('\n').filter(Boolean));
        this.#wake();
      });
    this.ended = new Promise((done) => this.#child.once('exit', done));
  }

  /** The lines up to one that says how long a save took. */
  async next() {
    const until = Date.now() + longestMs;
    for (;;) {
      const index = this.#lines.findIndex((line) => took.test(line));
      if (index !== -1) return this.#lines.splice(0, index + 1);
      if (Date.now() > until) throw new Error(`No line came after ${this.#lines.join('\n')}`);
      await Promise.race([
        new Promise((wake) => (this.#wake = wake)),
        this.ended,
        new Promise((r) => setTimeout(r, 1000)),
      ]);
      if (this.#child.exitCode !== null) throw new Error(this.#lines.join('\n'));
    }
  }

  async stop() {
    this.#child.kill('SIGINT');
    await this.ended;
  }
}

/** What `generate` makes of the same entities, beside the same migrations but the draft. */
function generated(drafts) {
  const other = join(dir, 'other');
  makeBlog(other);
  cpSync(join(dir, 'src'), join(other, 'src'), { recursive: true });
  const before = new Set(readdirSync(join(other, 'migrations')));
  const { status, stderr } = spawnSync(process.execPath, [command, 'generate'], { cwd: other, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const files = readdirSync(join(other, 'migrations')).filter((name) => !before.has(name));
  const texts = (at, names) =>
    names.map((name) => timeless(`${name}\n${readFileSync(join(at, 'migrations', name), 'utf8')}`));
  if (isDeepStrictEqual(texts(other, files), texts(dir, drafts))) return;
  throw new Error(`generate writes another file:\n${texts(other, files)}\n${texts(dir, drafts)}`);
}

/** The post and its author of the migration WelcomePost, under the new names. */
async function expectRows() {
  const { PGlite } = await import('nest-migrate-dev/pglite');
  const database = new PGlite(join(dir, '.nest-migrate/postgres'));
  const { rows } = await database.query(
    'SELECT p.headline, p.summary, p.state, p.views, u.name FROM posts p JOIN users u ON u.id = p."authorId"',
  );
  await database.close();
  if (rows.length !== 1 || rows[0].headline !== rows[0].summary || rows[0].state !== 'published')
    throw new Error(`The rows are others: ${JSON.stringify(rows)}`);
}

async function capture() {
  makeBlog(dir);
  const before = readdirSync(join(dir, 'migrations'));
  const watching = new Watching();
  const shown = ['$ npx nest-migrate dev --watch', ...(await watching.next())];
  for (const [title, file, ...changes] of edits) {
    edit(file, changes);
    shown.push('', `# ${String(title)}`, ...(await watching.next()));
  }
  await watching.stop();
  const drafts = readdirSync(join(dir, 'migrations')).filter((name) => !before.includes(name));
  if (drafts.length !== 1) throw new Error(`There are ${drafts.length} drafts: ${drafts.join(', ')}`);
  await expectRows();
  generated(drafts);
  return `\`\`\`text\n${shown.join('\n')}\n\`\`\``;
}

/** Durations and the numbers in names differ from one run to the next. */
const timeless = (text) =>
  text.replace(/\d{13}(?!\d)/g, '<timestamp>').replace(/(?:\d+ min )?\d[\d.]* m?s\b/g, '<duration>');

try {
  const text = await capture();
  if (process.argv.includes('--check')) checkSection(...section, text, timeless);
  else writeSection(...section, text);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
