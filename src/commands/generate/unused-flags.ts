import { ExitCode, MigrateError } from '../../errors.js';
import { renameCandidates } from '../../plan/renames.js';
import { columnOf, enumOf } from '../../schema/column.js';
import { columnPath, keyOf, relationOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import type { GenerateOptions } from './types.js';
import { pathOf } from './path-of.js';
import { NamedObjects } from './named-objects.js';
import type { History } from '../../snapshot/history.js';

/** A flag that would change nothing. */
export interface Unused {
  readonly flag: string;
  readonly message: string;
  /** The values that could be meant, as they are typed. */
  readonly possible: readonly string[];
}

type Flags = Pick<GenerateOptions, 'renames' | 'drops' | 'keeps' | 'backfills' | 'usings'>;

/** Removes flags that would change nothing between these schemas from the options, and returns them separately. */
export function withoutUnused<T extends GenerateOptions>(
  options: T,
  from: Schema,
  to: () => Schema,
  history: History,
): { readonly used: T; readonly unused: readonly Unused[] } {
  const { renames = [], drops = [], keeps = [], backfills = [], usings = [] } = options;
  if ([renames, drops, keeps, backfills, usings].every((given) => given.length === 0))
    return { used: options, unused: [] };
  const sides = new Sides(from, to(), options, history);
  const unused: Unused[] = [];
  const keep = (given: readonly string[], find: (text: string) => readonly Unused[]): readonly string[] =>
    given.filter((text) => {
      const found = find(text);
      unused.push(...found);
      return found.length === 0;
    });
  const pathIn = (text: string): string => text.slice(0, text.indexOf('=')).trim();
  const flags: Flags = {
    renames: keep(renames, (text) => sides.unusedRename(text)),
    drops: keep(drops, (path) => sides.unusedDrop(path)),
    keeps: keep(keeps, (path) => sides.unusedKeep(path)),
    backfills: keep(backfills, (text) => sides.unusedBackfill(pathIn(text))),
    usings: keep(usings, (text) => sides.unusedUsing(pathIn(text))),
  };
  return { used: { ...options, ...flags }, unused };
}

/**
 * A flag that would change nothing is mistyped or left over from an earlier change. All of them are reported at once, with what each could
 * mean.
 */
export function refuseUnused(unused: readonly Unused[]): void {
  if (unused.length === 0) return;
  const possible = [...new Set(unused.flatMap((one) => one.possible))];
  throw new MigrateError({
    code: 'USAGE',
    message: [...unused.map(({ flag, message }) => `${flag}: ${message}.`), 'Nothing was written.'].join('\n'),
    next: possible.length === 0 ? 'Remove the flags that have no effect.' : ['It could be:', ...possible].join('\n'),
    exitCode: ExitCode.usage,
  });
}

/** The objects that flags can name, before anything is renamed. */
class Sides {
  readonly #named: NamedObjects;

  constructor(
    private readonly from: Schema,
    private readonly to: Schema,
    options: GenerateOptions,
    history: History,
  ) {
    this.#named = new NamedObjects(options, history);
  }

  unusedRename(text: string): readonly Unused[] {
    const [path = '', name = ''] = text.split('=').map((part) => part.trim());
    const found = this.#named.find(path, this.from);
    const renamed = found.flatMap((id) => this.#named.inOther({ ...id, name }, this.to));
    if (name !== '' && renamed.length > 0 && found.some((id) => this.#isGone(id))) return [];
    const why =
      found.length === 0
        ? this.#missing(path)
        : renamed.length === 0 || name === ''
          ? `there is no ${name === '' ? 'new name' : `${name} in the entities`}`
          : `${path} is still in the entities`;
    const candidates = [
      ...this.#elsewhere(path)
        .filter((id) => this.to.has({ ...id, name }) && !this.from.has({ ...id, name }))
        .map((from) => ({ from, to: { name } })),
      ...renameCandidates(this.from, this.to),
    ];
    const possible = candidates.map(({ from, to }) => `--rename ${pathOf(from)}=${to.name ?? ''}`);
    return [{ flag: `--rename ${text}`, message: why, possible }];
  }

  unusedDrop(path: string): readonly Unused[] {
    const found = this.#named.find(path, this.from);
    if (found.some((id) => this.#isGone(id))) return [];
    const why = found.length === 0 ? this.#missing(path) : `${path} is still in the entities`;
    const gone = this.from.objects.filter(
      ({ id }) => (id.kind === 'table' || (id.kind === 'column' && this.to.has(relationOf(id)))) && !this.to.has(id),
    );
    return [{ flag: `--drop ${path}`, message: why, possible: gone.map(({ id }) => `--drop ${pathOf(id)}`) }];
  }

  unusedKeep(path: string): readonly Unused[] {
    const found = new Set(this.#named.find(path, this.from).map(keyOf));
    if (renameCandidates(this.from, this.to, found).some(({ from }) => found.has(keyOf(from)))) return [];
    const why = found.size === 0 ? this.#missing(path) : `nothing is new that ${path} could have been renamed to`;
    return [{ flag: `--keep ${path}`, message: why, possible: [] }];
  }

  unusedBackfill(path: string): readonly Unused[] {
    const isFilled = (id: ObjectId): boolean => {
      if (!this.#named.inOther(relationOf(id), this.from).length) return false;
      const before = this.#named.inOther(id, this.from);
      return before.every((one) => columnOf(this.from, one)?.notNull !== true) && this.#becomes(id, before);
    };
    if (this.#named.find(path, this.to).some(isFilled)) return [];
    const columns = this.to.objects.filter(({ id }) => id.kind === 'column' && isFilled(id));
    return [
      {
        flag: `--backfill ${path}`,
        message: 'the change neither adds this column to an existing table nor makes it NOT NULL',
        possible: columns.map(({ id }) => `--backfill "${columnPath(id)}=…"`),
      },
    ];
  }

  unusedUsing(path: string): readonly Unused[] {
    const isRetyped = (id: ObjectId): boolean => {
      const before = this.#named.inOther(id, this.from);
      const type = columnOf(this.to, id)?.type;
      if (before.length > 0)
        return before.some((one) => columnOf(this.from, one)?.type !== type || this.#losesValues(one, id));
      return this.#named.renames.some(([, now]) => now === id.name);
    };
    if (this.#named.find(path, this.to).some(isRetyped)) return [];
    const columns = this.to.objects.filter(
      ({ id }) => id.kind === 'column' && this.#named.inOther(id, this.from).length > 0 && isRetyped(id),
    );
    return [
      {
        flag: `--using ${path}`,
        message: 'the change neither gives this column another type nor takes values from its enum',
        possible: columns.map(({ id }) => `--using "${columnPath(id)}=…"`),
      },
    ];
  }

  #missing(path: string): string {
    const where = this.#elsewhere(path).length === 0 ? 'migrations' : 'schema public';
    return `there is no table or column ${path} in the ${where}`;
  }

  /** What a path without a schema, which means public, names in other schemas. */
  #elsewhere(path: string): readonly ObjectId[] {
    const [last, table, ...more] = path.split('.').toReversed();
    if (more.length > 0) return [];
    return this.from.objects
      .map(({ id }) => id)
      .filter(({ kind }) => kind === 'table' || kind === 'column')
      .filter(({ schema, name, table: of }) => schema !== 'public' && name === last && of === table);
  }

  #isGone(id: ObjectId): boolean {
    return id.kind === 'table' ? !this.to.has(id) : this.#named.inOther(id, this.to).length === 0;
  }

  #losesValues(before: ObjectId, after: ObjectId): boolean {
    const [was, is] = [enumOf(before, this.from), enumOf(after, this.to)];
    return was !== undefined && is !== undefined && was.values.some((value) => !is.values.includes(value));
  }

  /** Whether a column is new, or becomes NOT NULL. */
  #becomes(id: ObjectId, before: readonly ObjectId[]): boolean {
    return before.length === 0 || columnOf(this.to, id)?.notNull === true;
  }
}
