import { expect, it } from '@jest/globals';
import { unsetVariables } from '../../src/files/unset-variables.js';

it.each<readonly [message: string, names: string | undefined]>([
  ['Missing environment variable DB_HOST', 'DB_HOST'],
  ['Config validation error: "DB_HOST" is required. "DB_PORT" is required', 'DB_HOST, DB_PORT'],
  ['process.env.PORT must be set', 'PORT'],
  ['NO_ADDRESS is not set', 'NO_ADDRESS'],
  ['A_1, A_2, A_3, A_4, A_5, A_6 and A_7 are missing', 'A_1, A_2, A_3, A_4, A_5 and 2 more'],
  ['PATH and HOME_OF_NOTHING are required', 'HOME_OF_NOTHING'],
  ["Cannot read properties of undefined (reading 'SUPER_ADMIN')", undefined],
  ['ROLE is required', undefined],
  ['ERR_MODULE_NOT_FOUND: missing', undefined],
])('names the variables to set: %s', (message, names) => {
  const next = unsetVariables(new Error(message));
  if (names === undefined) expect(next).toBeUndefined();
  else expect(next).toContain(`Set ${names} in the environment`);
});

it('counts an empty variable as not set', () => {
  process.env['NM_EMPTY'] = '';
  expect(unsetVariables(new Error('NM_EMPTY is required'))).toContain('Set NM_EMPTY in the environment');
  delete process.env['NM_EMPTY'];
});
