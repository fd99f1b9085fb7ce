import { rmSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { DevResult } from '../../src/commands/dev/types.js';
import { codeOf, isMigrateError } from '../../src/errors.js';
import { createDatabase } from '../support/database.js';
import { changedModel, entitiesOf, fillsOf, randomModel, rowsOf } from '../support/random-entities.js';
import type { Model } from '../support/random-entities.js';
import { Random } from '../support/random.js';
import { full } from '../support/sample.js';
import { Developer, expectAgreement } from './developer.js';

const first = Number(process.env['PROPERTY_SEED'] ?? 1);
const count = Number(process.env['PROPERTY_COUNT'] ?? (full ? 40 : 1));
const edits = full ? 8 : 3;

/** Undefined where it asks what has no answer here, or where rows refer to nothing in the table that a foreign key now names. */
async function saved(
  developer: Developer,
  model: Model,
  fills: ReadonlyMap<string, string>,
  random: Random,
): Promise<DevResult | undefined> {
  const ask = {
    choose: (_question: string, choices: readonly { readonly value: string }[]) =>
      Promise.resolve(random.pick(choices).value),
    text: (question: string) =>
      Promise.resolve(/which time zone/i.test(question) ? 'UTC' : (fills.get(question.split(' ')[0] ?? '') ?? '')),
    confirm: () => Promise.resolve(true),
  };
  try {
    return await developer.dev(entitiesOf(model), { ask });
  } catch (error) {
    if (!isMigrateError(error)) throw error;
    const isViolation = error.code === 'MIGRATION_FAILED' && codeOf(error.cause) === '23503';
    if (error.code === 'DECISION_NEEDED' || isViolation) return undefined;
    throw error;
  }
}

async function develop(seed: number): Promise<void> {
  const random = new Random(seed);
  const database = await createDatabase();
  const developer = new Developer(database);
  let model: Model = { tables: [], views: [] };
  const before: Model[] = [];
  let step = 'begin';
  try {
    for (let edit = 0; edit < edits; edit += 1) {
      step = `edit ${edit}`;
      // Now and then, the entities are what they were before.
      const earlier = random.chance(0.15) ? before.at(-2) : undefined;
      const next = earlier ?? (edit === 0 ? randomModel(random) : changedModel(model, random));
      // Without entities, there is nothing to follow.
      if (next.tables.length === 0) continue;
      const fills = new Map([...before, model].flatMap((one) => [...fillsOf(one, next)]));
      const state = await developer.state();
      if ((await saved(developer, next, fills, random)) === undefined) {
        expect(await developer.state()).toEqual(state);
        continue;
      }
      before.push(model);
      model = next;
      await expectAgreement(developer, entitiesOf(model));
      step += ' again';
      expect(await saved(developer, model, fills, random)).toMatchObject({ statements: [] });
      if (edit === 0) for (const sql of rowsOf(model)) await database.query(sql);
      if (random.chance(0.3)) developer.commit();
      else if (random.chance(0.2) && developer.files().length > 0) {
        // As after another branch was checked out.
        step = `edit ${edit} taken back`;
        developer.git('add', '--all');
        developer.git('reset', '--quiet', '--hard');
        if (developer.commits === 0) rmSync(developer.folder, { recursive: true, force: true });
        if ((await saved(developer, model, fills, random)) !== undefined)
          await expectAgreement(developer, entitiesOf(model));
      }
    }
  } catch (error) {
    throw new Error(`Seed ${seed}, ${step}: ${(error as Error).message}`, { cause: error });
  } finally {
    developer.remove();
    await database.drop();
  }
}

test(`${edits} edits of each of ${count} projects: the database, its ledger and the files match the entities`, async () => {
  const failures: string[] = [];
  for (let seed = first; seed < first + count && failures.length < 5; seed += 1)
    await develop(seed).catch((error: unknown) => failures.push((error as Error).message));
  expect(failures.join('\n\n')).toBe('');
}, 7_200_000);
