import { afterEach, expect, it, jest } from '@jest/globals';
import { DataSource, EntitySchema } from 'typeorm';
import { progressPrinter } from '../../src/cli/progress.js';
import type { Io } from '../../src/cli/io.js';
import type { MigrateEvent } from '../../src/events.js';
import { createMigrator } from '../../src/migrator.js';
import { serverUrl } from '../support/database.js';
import { migration } from '../support/migrations.js';

afterEach(() => void jest.restoreAllMocks());

it('counts the migrations of a stage: at a terminal each, elsewhere a line every ten seconds', () => {
  const [lines, stages]: [string[], string[]] = [[], []];
  const io = {
    paint: { dim: (text: string) => text },
    note: (line: string) => void lines.push(line),
    stage: (text: string) => void stages.push(text),
  } as unknown as Io;
  let now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const [print, atTerminal] = [progressPrinter(io), progressPrinter({ ...io, bar: () => undefined })];
  for (const tell of [print, atTerminal])
    for (let at = 1; at <= 5; at += 1, now += 4000)
      tell({ type: 'stage', stage: 'replaying the migrations', at, of: 5 });
  expect(lines).toEqual(['replaying the migrations: 4 of 5']);
  expect(stages.slice(5)).toEqual([1, 2, 3, 4, 5].map((at) => `replaying the migrations: ${at} of 5`));
});

it('hears of each migration that generate and check replay', async () => {
  const migrations = [1, 2, 3].map((n) => migration(`M170000000000${n}`, { up: [`CREATE TABLE t${n} ()`] }));
  const thing = new EntitySchema({ name: 'thing', columns: { id: { type: 'int', primary: true } } });
  const dataSource = new DataSource({ type: 'postgres', url: serverUrl(), entities: [thing], migrations });
  const counted: (number | undefined)[] = [];
  const onEvent = (event: MigrateEvent): void =>
    void (event.type === 'stage' && event.of === 3 && counted.push(event.at));
  const migrator = createMigrator({ dataSource, onEvent });
  await migrator.generate({ dryRun: true, shadow: serverUrl() });
  expect(counted).toEqual([1, 2, 3]);
  await migrator.check({ shadow: serverUrl(), only: ['replay'] });
  expect(counted).toEqual([1, 2, 3, 1, 2, 3]);
  await migrator.close();
});
