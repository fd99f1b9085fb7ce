import { Option } from 'commander';
import type { Command } from 'commander';
import { checkSteps, collect, command, count, examples, majorVersion, steps } from './command.js';
import type { Action } from './command.js';

/** The commands that write and judge migrations. */
export function development(program: Command, action: Action): void {
  command(program, 'generate', 'write the migrations that lead to what the entities describe')
    .argument('[name]', 'what the change is called (default: made from the changes)')
    .option('--check', 'write nothing; exit with 3 if something would be generated')
    .option('--dry-run', 'write nothing, print the files')
    .option('--sql', 'plain SQL files')
    .option('--js', 'JavaScript instead of TypeScript')
    .option('--dir <folder>', 'where (default: where the others are)')
    .option('--split', 'a file for each step of the change, instead of one file')
    .option('--rename <old=new>', 'users.name=full_name, or users=people: it is the same, called otherwise', collect)
    .option('--drop <what>', 'users.name, or users: it goes, and nothing new is what it was', collect)
    .option('--rename-directly', 'one ALTER … RENAME: the old version of the app breaks at that moment')
    .option('--no-rename-directly', 'both names side by side (default)')
    .option(
      '--backfill <column=sql>',
      "users.country='DE': what rows without a value get in a NOT NULL column",
      collect,
    )
    .option('--using <column=sql>', 'users.age=age::int: how values become those of the new type', collect)
    .option('--stored-timezone <zone>', 'UTC: what stored timestamps without a zone meant')
    .option('--allow-destructive', 'also what loses data')
    .option('--prune', 'drop also what somebody made by hand and the entities do not know')
    .option('--online', 'steps that keep tables in use (default)')
    .option('--no-online', 'one step, one transaction, while reads and writes block')
    .option('--target-version <major>', 'the major version of the server (default: 15)', majorVersion)
    .option('--from <url>', 'start from this database instead of the migrations')
    .option('--shadow <url>', 'make the throwaway databases on this server instead of in the process')
    .option('--no-cache', 'replay every migration and create every entity anew')
    .addHelpText(
      'after',
      examples(
        'generate AddEmailToUsers',
        'generate --dry-run',
        'generate --check',
        'generate --rename users.name=full_name',
        `generate --backfill "users.country='DE'"`,
      ),
    )
    .action(action('generate'));
  command(program, 'check', 'say whether the migrations are good, without any database; for CI')
    .option('--database', 'also the database of the data source: pending, edited, missing, out of order, half-done')
    .option('--write-lock', 'make migrations.lock anew first: after a merge, or for a project that has none')
    .option(
      '--since <revision>',
      'lint what this revision of git does not have (default: where the main branch was left)',
    )
    .option('--only <steps>', `only these of ${checkSteps.join(', ')}`, steps)
    .option('--skip <steps>', 'without these', steps)
    .addOption(new Option('--format <format>', 'annotations for a workflow of GitHub').choices(['github']))
    .option('--shadow <url>', 'make the throwaway databases on this server instead of in the process')
    .option('--no-cache', 'prove everything anew')
    .addHelpText(
      'after',
      examples(
        'check',
        'check --format github',
        'check --write-lock',
        'check --only files,entities',
        'check --database',
      ),
    )
    .action(action('check'));
  command(program, 'baseline', 'take over a database that synchronize has made')
    .argument('[name]', 'what the first migration is called (default: Baseline)')
    .option('--check', 'only say whether the database has the schema of the entities; exit with 3 if not')
    .option('--sql', 'a plain SQL file')
    .option('--js', 'JavaScript instead of TypeScript')
    .option('--dir <folder>', 'where (default: where the others are)')
    .option('--shadow <url>', 'make the throwaway databases on this server instead of in the process')
    .addHelpText('after', examples('baseline', 'baseline --check'))
    .action(action('baseline'));
  command(program, 'lint', 'say what migrations will do to a database in use, before they do it')
    .argument('[migrations...]', 'files or names (default: those that are new since the main branch)')
    .option('--all', 'every migration')
    .option('--since <revision>', 'those that this revision of git does not have')
    .addOption(
      new Option('--format <format>', 'how findings are written').choices(['human', 'json', 'github', 'sarif']),
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit with 3 from this severity on (default: error)').choices([
        'error',
        'warning',
        'notice',
      ]),
    )
    .option(
      '--fix',
      'write migrations that stop somebody again, as generate would have; proven to lead to the same schema',
    )
    .option('--rule <name=severity>', 'json-column=error, or create-index-blocking=off', collect)
    .option('--target-version <major>', 'the major version of the server (default: 15)', majorVersion)
    .option('--shadow <url>', 'make the throwaway database on this server instead of in the process')
    .addHelpText(
      'after',
      examples(
        'lint',
        'lint --all',
        'lint migrations/1700000000000-AddIndex.ts',
        'lint --since origin/main --format github',
      ),
    )
    .action(action('lint'));
  command(program, 'plan', 'say what run will do to this database, without changing anything')
    .option('--deep', 'read whole tables to find rows that would be in the way')
    .option('--to <migration>', 'up to this one: a name, a timestamp, or a part of a name')
    .option('--count <n>', 'number of changes', count)
    .addOption(new Option('--phase <phase>', 'as run has it').choices(['expand', 'contract', 'all', 'due']))
    .option('--shadow <url>', 'make the throwaway database on this server instead of in the process')
    .addHelpText('after', examples('plan', 'plan --deep', 'plan --json | jq -r ".migrations[].verdict"'))
    .action(action('plan'));
  command(program, 'drift', 'show how the database differs from what its migrations say; changes nothing')
    .option('--sql', 'also the statements that would take it back, and those that a migration would need to adopt it')
    .option('--ignore <pattern>', 'table:events_*, schema:audit, index:*_adhoc_idx: leave it alone', collect)
    .option('--shadow <url>', 'replay the migrations on this server instead of in the process')
    .option('--no-cache', 'replay every migration anew')
    .addHelpText(
      'after',
      examples('drift', 'drift --sql', `drift --ignore 'table:events_*'`, 'drift --json | jq -r ".drift[].object"'),
    )
    .action(action('drift'));
}
