// What an assistant must not do without asking. Every flag is checked against the data of the command line.
const all = [
  ['fresh', 'drops everything in the database.'],
  ['database drop', 'drops the database.'],
  ['--yes-drop', 'drops without asking, or works on a database that is not on this machine.'],
  ['--force', 'ends other sessions.'],
  ['--allow-destructive', 'writes statements that lose data.'],
  ['--drop', 'declares that a column or table was removed, not renamed. Its data is lost.'],
  ['--rename', 'declares that something was renamed. If that is wrong, data ends up in the wrong column.'],
  ['--backfill', 'decides which value existing rows get.'],
  ['--using', 'decides how existing values are converted.'],
  ['--stored-timezone', 'decides which time zone the stored timestamps are in.'],
  ['--prune', 'drops objects that were created by hand.'],
  ['--rename-directly', 'breaks the version of the app that is running.'],
  ['--no-online', 'blocks reads and writes while it runs.'],
  ['run', 'on a shared or production database: look at `plan` first.'],
  ['run --plan --yes', 'runs even what blocks or fails.'],
  ['--fake', 'records migrations without executing them. The records are wrong if the database does not match them.'],
  ['--phase', 'with `contract` or `all`: removes what the old version of the app may still use.'],
  ['--contract', 'with `immediately`: the same.'],
  ['revert', 'loses the data of what it drops.'],
  ['redo', 'reverts first.'],
  ['resolve', 'records what a person has found in the database.'],
  ['baseline', 'records a migration as applied.'],
  ['--out-of-order', 'with `run`: runs migrations of two branches without checking that they fit together.'],
  ['--edited', 'with `warn`: accepts that the database and the file differ.'],
  ['check --write-lock', 'accepts edited migrations. Harmless if they are not shared yet.'],
  ['seed', 'writes rows.'],
  [
    '--rule',
    'turns findings off. So does a comment `nest-migrate-ignore`: it needs a reason that the person agrees with.',
  ],
];

export function consent(commands, globalOptions) {
  const names = new Set(commands.map(({ name }) => name));
  const flags = new Set(
    [...commands.flatMap(({ options }) => options), ...globalOptions].flatMap((flag) => flag.flags.match(/--[a-z-]+/g)),
  );
  for (const [what] of all)
    for (const word of what.split(' '))
      if (!names.has(word) && !flags.has(word) && word !== 'drop')
        throw new Error(`scripts/needs-consent.mjs names ${word}, which is neither a command nor a flag.`);
  return all;
}
