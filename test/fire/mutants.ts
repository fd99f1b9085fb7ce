import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The package with one guard switched off. If the rounds find nothing wrong with it, they would not find it missing either. */
export interface Mutant {
  readonly guard: string;
  /** Texts of the build, each of which must be there exactly once, and what stands there instead. */
  readonly changes: readonly (readonly [from: string, to: string])[];
  /** The faults that the guard is there for. */
  readonly faults: readonly string[];
  /** Where they strike. */
  readonly at?: string;
}

export const mutants: readonly Mutant[] = [
  {
    guard: 'the lock',
    changes: [['pg_try_advisory_xact_lock(${namespace}, key) AS held', 'true AS held']],
    faults: ['two deploys', 'clock jumps'],
  },
  {
    guard: 'the fence',
    changes: [['pg_try_advisory_xact_lock(${fence.join(", ")})', 'true']],
    faults: ['lock lost unnoticed'],
  },
  {
    guard: 'the ledger is checked inside the transaction',
    changes: [['? "as it was" : "changed"', '? "as it was" : "as it was"']],
    faults: ['lock lost unnoticed'],
  },
  {
    guard: 'the state of a migration without a transaction is checked before each statement and together with it',
    changes: [
      ['if (opened.ledger === "changed" || !opened.asExpected) throw takenOver(this.step);', ''],
      ['${onlyIf("EXISTS (SELECT FROM changed)")}', '1'],
      ['${onlyIf("EXISTS (SELECT FROM recorded) AND EXISTS (SELECT FROM finished)")}', '1'],
    ],
    faults: ['lock lost unnoticed'],
  },
  {
    guard: 'an invalid index is built again',
    changes: [['if (found["valid"] === true) return "done";', 'return "done";']],
    faults: ['session terminated'],
    at: '^CREATE .*CONCURRENTLY',
  },
  {
    guard: 'the result of a statement in doubt is inspected',
    changes: [['inDoubt !== null && await isDoneInDoubt(', 'false && await isDoneInDoubt(']],
    faults: ['kill -9'],
    at: '^CREATE .*CONCURRENTLY',
  },
  {
    guard: 'the outcome of a lost COMMIT is queried',
    changes: [['if (transaction?.commit !== "sent") return "never committed";', 'return "never committed";']],
    faults: ['connection cut', 'connection frozen'],
    at: 'INTO "migrations" [^]*COMMIT',
  },
  {
    guard: 'passwords are removed from texts',
    changes: [
      [
        'function withoutPasswords(text, sql = "", addresses = addressesOfEnvironment()) {',
        'function withoutPasswords(text, sql = "") { return text;',
      ],
    ],
    faults: ['session terminated', 'connection cut'],
    at: 'ALTER ROLE',
  },
  {
    guard: 'a reply that can no longer arrive is given up',
    changes: [['if (lost !== void 0) {', 'if (false) {']],
    faults: ['connection frozen', 'reply dropped'],
    at: 'UPDATE account|COMMIT',
  },
  {
    guard: 'the first signal ends the command',
    changes: [['process.on("SIGINT", stop).on("SIGTERM", stop);', 'process.on("SIGTERM", () => undefined);']],
    faults: ['SIGTERM'],
  },
  {
    guard: 'a migration that does not get its table locks is retried',
    changes: [['fate === "rolled back" && isLockFailure(error)', 'false']],
    faults: ['table locked'],
  },
  {
    guard: 'a contract migration waits for the next deploy',
    changes: [['=== 0 || dueOf(migration, now, policy) === "next run"', '=== 0 || true']],
    faults: ['two deploys'],
  },
  {
    guard: 'the last COMMIT of a run is written to disk',
    changes: [['commit === "on-disk" ? ""', 'commit === "never" ? ""']],
    faults: ['server restarted'],
  },
  {
    guard: 'what a crash has undone is not reported as kept',
    changes: [['const isKept = (step) => recorded.some(', 'const isKept = (step) => true || recorded.some(']],
    faults: ['server restarted'],
    at: 'INTO "migrations" [^]*COMMIT',
  },
];

/** Copies the built package, which may be built again while it is played with; with the changes of a mutant, if one is given. */
export function install(mutant?: Mutant): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-installed-'));
  for (const part of ['package.json', 'dist']) cpSync(resolve(part), join(dir, part), { recursive: true });
  symlinkSync(resolve('node_modules'), join(dir, 'node_modules'));
  if (mutant) for (const [path, text] of mutated(mutant, readBuild())) writeFileSync(join(dir, path), text);
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** The files of the build that the commands consist of. */
export function readBuild(): ReadonlyMap<string, string> {
  const files = readdirSync('dist/esm', { recursive: true }).map((name) => join('dist/esm', String(name)));
  return new Map(files.filter((file) => file.endsWith('.js')).map((file) => [file, readFileSync(file, 'utf8')]));
}

/** With the changes of a mutant. A text that is not there once only is one whose guard has changed: the mutant tests nothing any more. */
export function mutated({ guard, changes }: Mutant, build: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const files = new Map(build);
  for (const [from, to] of changes) {
    const places = [...files].flatMap(([file, text]) =>
      text
        .split(from)
        .slice(1)
        .map(() => file),
    );
    const [file] = places;
    if (file === undefined || places.length > 1)
      throw new Error(`The mutant without "${guard}" does not apply: ${from} is there ${places.length} times.`);
    files.set(
      file,
      (files.get(file) ?? '').replace(from, () => to),
    );
  }
  return files;
}
