import { quoteLiteral } from '../sql/index.js';
import { withoutCollation } from './column.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';
import type { Session } from './settle.js';

/** Two texts of a column's default, which may be equivalent. */
export interface TwoDefaults {
  readonly id: ObjectId;
  readonly type: string;
  readonly texts: readonly [from: string, to: string];
}

/** The defaults that may differ only in their texts. */
export function differingDefaults(from: Schema, to: Schema): readonly TwoDefaults[] {
  return to.facts.flatMap(({ id, parent, payload }) => {
    const before = id.kind === 'default' ? from.factOf(id)?.payload['expr'] : undefined;
    const now = payload['expr'];
    const type = parent && to.factOf(parent)?.payload['type'];
    if (typeof before !== 'string' || typeof now !== 'string' || before === now) return [];
    if (typeof type !== 'string' || from.factOf(parent ?? id)?.payload['type'] !== type) return [];
    return [{ id, type: withoutCollation(type), texts: [before, now] as const }];
  });
}

/** The schema with the defaults in the form of the other one. */
export function withDefaultsOf(from: Schema, to: Schema, equal: readonly TwoDefaults[]): Schema {
  if (equal.length === 0) return to;
  const ids = new Set(equal.map(({ id }) => keyOf(id)));
  const facts = to.facts.map((fact) => (ids.has(keyOf(fact.id)) ? (from.factOf(fact.id) ?? fact) : fact));
  // Another function makes the value.
  const edges = [
    ...to.edges.filter((edge) => !ids.has(keyOf(edge.from))),
    ...equal.flatMap(({ id }) => from.edgesFrom(id)),
  ];
  return schemaOf(facts, edges);
}

/**
 * The beginning of the transaction, in every spelling that means it. `CURRENT_TIMESTAMP(6)` is one: no moment has more digits. Whatever else
 * depends on the session is the same only where its text is.
 */
const moment =
  /^\(*(?:now\(\)|transaction_timestamp\(\)|CURRENT_(?:TIMESTAMP|TIME)(?:\(6\))?|LOCALTIME(?:STAMP)?(?:\(6\))?|CURRENT_DATE|\(?'now'::(?:text|character varying)\)?)(?:\)*::(?:timestamp|time|date)[a-z ]*\)*)*\)*$/;

/**
 * Which of them are equal: the same value in the column, compared as it is stored, of expressions that are immutable. The session is in a
 * transaction, of which nothing stays. What fails is not equal.
 */
export async function equalDefaults(pairs: readonly TwoDefaults[], session: Session): Promise<readonly TwoDefaults[]> {
  if (pairs.length === 0) return [];
  const asked = pairs.map(({ type, texts: [one, other] }) => ({
    // PostgreSQL takes only immutable expressions for the predicate of an index.
    immutable: [one, other].every((text) => moment.test(text))
      ? ''
      : `CREATE INDEX ON nest_migrate_default (c) WHERE ((${one})::${type}) IS NOT NULL AND ((${other})::${type}) IS NOT NULL`,
    // Assigned rather than cast, like a default.
    assign: `CREATE TEMP TABLE nest_migrate_values (a ${type} DEFAULT ${one}, b ${type} DEFAULT ${other}); INSERT INTO nest_migrate_values DEFAULT VALUES`,
  }));
  const body = `
    DECLARE item jsonb; same boolean; verdicts jsonb := '[]';
    BEGIN
      CREATE TEMP TABLE nest_migrate_default (c int);
      FOR item IN SELECT value FROM jsonb_array_elements(${quoteLiteral(JSON.stringify(asked))}::jsonb) LOOP
        same := false;
        BEGIN
          IF item->>'immutable' <> '' THEN EXECUTE item->>'immutable'; END IF;
          EXECUTE item->>'assign';
          EXECUTE 'SELECT ROW(a)::record *= ROW(b)::record FROM nest_migrate_values' INTO same;
          RAISE EXCEPTION USING ERRCODE = 'NMDEF';
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
        verdicts := verdicts || to_jsonb(same);
      END LOOP;
      PERFORM set_config('${answer}', verdicts::text, true);
    END`;
  await session.query(`DO ${quoteLiteral(body)}`);
  const { rows } = await session.query(`SELECT current_setting('${answer}') AS verdicts`);
  const verdicts = JSON.parse(String(rows[0]?.['verdicts'])) as readonly boolean[];
  return pairs.filter((_pair, index) => verdicts[index]);
}

const answer = 'nest_migrate.equal';
