import type { Import, SourceFile } from './imports.js';
import { stillReading } from './sql-reading.js';

/** Who may import whom inside `src/`. An entry is a folder, a file of `src/`, or one file of a folder. */
const foundation = [
  'duration',
  'errors',
  'events',
  'ignorable',
  'options',
  'passwords',
  'require-from',
  'sql',
  'ssl-request',
  'within',
];
const core = ['plan', 'rules', 'snapshot', 'observe', 'files', 'shadow', 'database', 'schema'];
// What a connection is called, which one it is, and from which one code is kept away: known below the data source as well.
const connection = [
  'data-source/address',
  'data-source/describe',
  'data-source/embedded-brand',
  'data-source/keep-away',
  'data-source/stand-in',
  'data-source/url',
];
// How one process of several takes a file for itself: on the embedded database, that is the lock.
const lockFile = 'data-source/lock-file';
const arrows: Readonly<Record<string, readonly string[]>> = {
  passwords: [],
  errors: ['passwords'],
  events: [],
  rejections: [],
  ignorable: [],
  duration: [],
  'setting-problems': [],
  options: ['duration', 'errors', 'ignorable', 'setting-problems'],
  sql: [],
  'ssl-request': [],
  version: [],
  'require-from': [],
  within: [],
  'package-manager': [],
  development: ['errors', 'package-manager', 'require-from', 'version'],
  decorators: [],
  typeorm: ['errors', 'sql'],
  schema: [...foundation, 'development'],
  files: [...foundation, 'schema', 'package-manager', 'content/tokens', 'data-source/stand-in'],
  database: [...foundation, 'schema', 'files', 'typeorm', ...connection, lockFile],
  content: [...foundation, 'files'],
  shadow: [...foundation, 'typeorm', 'schema', 'files', 'content', 'database', 'data-source', 'version', 'development'],
  snapshot: [...foundation, 'decorators', 'typeorm', 'schema', 'files', 'shadow', 'database'],
  plan: [...foundation, 'schema', 'files', 'shadow', 'database'],
  observe: [...foundation, 'typeorm', 'schema', 'files', 'shadow', 'database', 'development'],
  rules: [...foundation, 'schema', 'files', 'observe'],
  commands: [...foundation, 'typeorm', ...core, ...connection, 'decorators'],
  migrator: [...foundation, ...core, ...connection, 'commands'],
  'data-source': [...foundation, 'files', 'decorators', 'development', 'rejections'],
  nest: [...foundation, 'typeorm', ...core, 'commands', 'migrator', 'data-source'],
  testing: [...foundation, 'typeorm', ...core, 'commands', 'migrator', 'data-source', 'nest'],
  typescript: [...foundation, 'typeorm', 'files', 'package-manager', 'version'],
  app: [...foundation, 'typeorm', 'files', 'data-source', 'typescript', 'nest', 'rejections'],
  'nest-commands': ['errors', 'nest'],
  cli: [
    ...foundation,
    ...core,
    'commands',
    'migrator',
    'data-source',
    'typescript',
    'app',
    'version',
    'development',
    'package-manager',
    'rejections',
  ],
  index: [...foundation, ...core, 'commands', 'migrator', 'data-source', 'nest', 'testing', 'decorators'],
};

interface PackageRule {
  readonly packages: RegExp;
  readonly only: readonly string[];
  /** Kinds of import that are free: types cost nothing at run time. */
  readonly free: readonly Import['kind'][];
  /** Where it is allowed at all, only when the line that needs it runs. */
  readonly lazy?: true;
}

const packageRules: readonly PackageRule[] = [
  { packages: /^typeorm$/, only: ['typeorm', 'shadow', 'nest', 'data-source'], free: ['type'] },
  { packages: /^typeorm\/.*(?<!\.ts)$/, only: ['typeorm'], free: [] },
  // What it brings is loaded by its entries, where it is installed.
  { packages: /^(@clack\/|@electric-sql\/|@supabase\/pg-delta|libpg-query)/, only: ['packages/dev'], free: [] },
  { packages: /^nest-migrate-dev\//, only: ['development'], free: ['type'] },
  { packages: /^(@nestjs\/|nest-commander$)/, only: ['nest', 'nest-commands', 'app'], free: [] },
  { packages: /^typescript$/, only: ['typescript'], free: ['type'], lazy: true },
  { packages: /^(commander|yocto-spinner)$/, only: ['cli'], free: [] },
];

const longest = 300;
const longestFunction = 60;

/** Everything in which these sources break the architecture, each as a sentence. */
export function violations(sources: readonly SourceFile[]): readonly string[] {
  return [
    ...sources.flatMap((source) => [
      ...brokenArrows(source),
      ...brokenPackages(source),
      ...brokenManners(source),
      ...readSql(source),
    ]),
    ...cycles(sources),
  ];
}

function brokenArrows(source: SourceFile): readonly string[] {
  const layer = layerOf(source.path);
  const allowed = arrows[layer];
  if (!allowed) return [`${source.path} lies in ${layer}, for which no arrow is drawn yet: add it to the table.`];
  return source.imports.flatMap(({ from, kind }) => {
    if (!from.endsWith('.ts')) return [];
    const target = layerOf(from);
    if (target === layer) return [];
    if (!allowed.includes(target) && !allowed.includes(from.replace(/\.ts$/, '')))
      return [`${source.path} imports ${from}: ${layer} must not know ${target}.`];
    if (target === 'sql' && from !== 'sql/index.ts')
      return [`${source.path} imports ${from}: what others may use of sql is in sql/index.ts.`];
    if (target === 'app' && kind === 'static')
      return [`${source.path} imports ${from} when it is loaded: app is only loaded when it is asked for.`];
    return [];
  });
}

function brokenPackages(source: SourceFile): readonly string[] {
  const layer = layerOf(source.path);
  return source.imports.flatMap(({ from, kind }) => {
    const rule = packageRules.find(({ packages }) => packages.test(from));
    if (!rule || rule.free.includes(kind)) return [];
    if (!rule.only.includes(layer))
      return [`${source.path} imports ${from}, which belongs in ${rule.only.join(', ')} only.`];
    if (rule.lazy && kind === 'static')
      return [`${source.path} imports ${from} when it is loaded: it is heavy, load it where it is needed.`];
    return [];
  });
}

function brokenManners(source: SourceFile): readonly string[] {
  const problems: string[] = [];
  if (!['cli', 'nest-commands'].includes(layerOf(source.path)))
    problems.push(...source.terminal.map((use) => `${source.path} uses ${use}: only cli talks to the terminal.`));
  if (layerOf(source.path) !== 'typeorm')
    problems.push(
      ...source.typeormInternals.map(
        (use) => `${source.path} uses ${use} of TypeORM: its internals are known in typeorm/ only.`,
      ),
    );
  if (source.bareErrors > 0)
    problems.push(`${source.path} throws a bare Error: a failure is a MigrateError with a code and the next step.`);
  if (source.lines > longest) problems.push(`${source.path} has ${source.lines} lines, more than ${longest}.`);
  for (const { name, lines } of source.functions)
    if (lines > longestFunction)
      problems.push(`${source.path}: ${name} has ${lines} lines, more than ${longestFunction}.`);
  return problems;
}

/** SQL is understood in one place. What the rest of the code asks of it is a question to `sql`. */
function readSql({ path, sqlReading }: SourceFile): readonly string[] {
  if (['sql', 'schema'].includes(layerOf(path))) return [];
  const allowed = stillReading[path] ?? 0;
  if (sqlReading.length < allowed)
    return [
      `${path} reads SQL in ${sqlReading.length} places, and the list in sql-reading.ts says ${allowed}: lower it.`,
    ];
  return sqlReading.length === allowed
    ? []
    : sqlReading.map((place) => `${path} reads SQL at ${place}: ask classify of sql/index.ts.`);
}

/** Types count too: files that need each other's types are one file in two places. */
function cycles(sources: readonly SourceFile[]): readonly string[] {
  const targets = new Map(sources.map((source) => [source.path, source.imports.map(({ from }) => from)]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path))
      return void found.push(`Import cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}.`);
    if (done.has(path)) return;
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) walk(path, []);
  return found;
}

function layerOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
}
