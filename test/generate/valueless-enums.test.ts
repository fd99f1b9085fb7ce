import { afterAll, expect, it } from '@jest/globals';
import type { EntitySchema, EntitySchemaColumnOptions } from 'typeorm';
import { failureOf } from '../support/migrations.js';
import { entity } from './cases/case.js';
import { createFolder } from './shop.js';

const folder = createFolder();
afterAll(() => folder.remove());

const status = (values: string[] | undefined, more: object = {}): EntitySchemaColumnOptions =>
  ({ type: 'enum', enum: values, enumName: 'status', default: 'new', ...more }) as EntitySchemaColumnOptions;
const job = (
  column: EntitySchemaColumnOptions,
  more: Record<string, EntitySchemaColumnOptions> = {},
): EntitySchema[] => [entity('job', { status: column, ...more })];

it('an enum that was undefined when its class was loaded keeps its existing values; a new one is refused', async () => {
  await folder.generate(job(status(['new', 'done'])), { name: 'Initial' });
  const { statements } = await folder.generate(job(status(undefined), { note: { type: 'text', nullable: true } }), {});
  expect(statements.map(({ sql }) => sql)).toEqual(['ALTER TABLE "public"."job" ADD COLUMN "note" text']);
  const renamed = await folder.generate(job(status(undefined, { enumName: 'state' })), {
    dryRun: true,
    allowDestructive: true,
  });
  expect(renamed.statements.map(({ sql }) => sql)).toContain('ALTER TYPE "public"."status" RENAME TO "state"');
  const added = job(status(['new', 'done']), { kind: status(undefined, { enumName: 'kind', nullable: true }) });
  expect(await failureOf(folder.generate(added, {}))).toMatchObject({
    code: 'ENTITIES_INVALID',
    message: expect.stringMatching(
      /^Enums without values, which the migrations do not create either: job\.kind\. Their option `enum` is a text, or was undefined /,
    ),
  });
});

it('a text instead of the values is the name of an enum type that a migration creates', async () => {
  const other = createFolder();
  const named = { ...status(undefined), enum: 'status', enumName: undefined } as unknown as EntitySchemaColumnOptions;
  await other.generate(job(status(['new', 'done'])), { name: 'Initial' });
  expect((await other.generate(job(named), {})).statements).toEqual([]);
  const added = job(named, {
    kind: { ...named, enum: 'kind', nullable: true } as unknown as EntitySchemaColumnOptions,
  });
  expect(await failureOf(other.generate(added, {}))).toMatchObject({
    code: 'ENTITIES_INVALID',
    message: expect.stringMatching(/^Enums without values, which the migrations do not create either: job\.kind\./),
  });
  other.remove();
});
