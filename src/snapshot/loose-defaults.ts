import type { DataSource } from 'typeorm';
import type { TwoDefaults } from '../schema/equal-defaults.js';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { frozenMoments } from './frozen-moments.js';
import type { FrozenMoment } from './frozen-moments.js';

/** Defaults that the entities do not determine completely, so that the present one may stay. */
export interface LooseDefaults {
  /** The entities yield another moment each time. */
  readonly frozen: readonly FrozenMoment[];
  /** Generated uuids. TypeORM accepts any function that makes one, whatever its option `uuidExtension` says. */
  readonly uuids: readonly ObjectId[];
}

export const noLooseDefaults: LooseDefaults = { frozen: [], uuids: [] };

export function looseDefaults(entities: DataSource, unnamed: string): LooseDefaults {
  const uuids = entities.entityMetadatas.flatMap(({ schema = unnamed, tableName, columns }) =>
    columns
      .filter(({ isGenerated, generationStrategy }) => isGenerated && generationStrategy === 'uuid')
      .map(({ databaseName }) => objectId('default', schema, databaseName, tableName)),
  );
  return { frozen: frozenMoments(entities, unnamed), uuids };
}

const isMoment = /^'[^']*'::[a-z ()\d]+$/;
const makesUuid = /^(?:\w+\.)?(?:gen_random_uuid|uuid_generate_v\d\w*)\(\)$/;

/** Divides defaults with different texts: the present one may stay, or not. */
export function divide(
  pairs: readonly TwoDefaults[],
  { frozen, uuids }: LooseDefaults,
): readonly [stay: readonly TwoDefaults[], others: readonly TwoDefaults[]] {
  const [moments, generated] = [new Set(frozen.map(({ id }) => keyOf(id))), new Set(uuids.map(keyOf))];
  const stays = ({ id, texts }: TwoDefaults): boolean =>
    (moments.has(keyOf(id)) && texts.every((text) => isMoment.test(text))) ||
    (generated.has(keyOf(id)) && texts.every((text) => makesUuid.test(text)));
  return [pairs.filter(stays), pairs.filter((pair) => !stays(pair))];
}
