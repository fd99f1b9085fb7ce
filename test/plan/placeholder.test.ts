import { describe, expect, it } from '@jest/globals';
import { placeholder } from '../../src/plan/placeholder.js';
import { objectId } from '../../src/schema/object-id.js';
import type { Schema } from '../../src/schema/read.js';

/** The server of the tests has neither pgvector nor PostGIS; the values were tried on one that has both. */
describe('values for the types of extensions', () => {
  it.each([
    ['vector', '[0]'],
    ['vector(3)', '[0,0,0]'],
    ['extensions.halfvec(2)', '[0,0]'],
    ['sparsevec(5)', '{}/5'],
    ['geometry', 'Point EMPTY'],
    ['geometry(Geometry,4326)', 'SRID=4326;Point EMPTY'],
    ['geometry(MultiPolygon,4326)', 'SRID=4326;MultiPolygon EMPTY'],
    ['geography(PointZ,4326)', 'SRID=4326;Point Z EMPTY'],
    ['geometry(LineStringZM)', 'LineString ZM EMPTY'],
  ])('%s', (type, value) => {
    const schema = { get: () => ({ is: { type } }), needs: () => [], childrenOf: () => [] } as unknown as Schema;
    expect(placeholder(objectId('column', 'public', 'a', 't'), schema)).toBe(`'${value}'::${type}`);
  });
});
