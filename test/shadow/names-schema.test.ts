import { expect, it } from '@jest/globals';
import { namesSchema } from '../../src/shadow/names-schema.js';

it.each([
  ['a statement', 'code', 'q.query(`CREATE TABLE "public"."a" ()`)', true],
  ['a statement in a string with escapes', 'code', String.raw`q.query("CREATE TABLE \"public\".\"a\" ()")`, true],
  ['a statement without quotes', 'code', "q.query('SELECT public.f()')", true],
  ['a keyword', 'code', 'class A { public async up() {} }', false],
  [
    'a comment of the code',
    'code',
    '// from text to public.role_enum\n/* all is public. */ q.query(`ALTER TABLE "a"`)',
    false,
  ],
  ['a comment of a statement', 'code', 'q.query(`-- public.role_enum\nALTER TABLE "a"`)', false],
  ['code that is ambiguous', 'code', 'const a = b\n/c/g; q.query(`public.a`)', true],
  ['SQL', 'sql', 'ALTER TABLE public.a ADD b int', true],
  ['a comment in SQL', 'sql', '-- is public.\nALTER TABLE a ADD b int /* public.a */', false],
] as const)('%s', (_what, kind, text, names) => expect(namesSchema(text, 'public', kind)).toBe(names));
