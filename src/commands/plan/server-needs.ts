import type { RoleSpec } from 'nest-migrate-dev/libpg-query';
import { nameOf, namesIn } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf, nodesOf, tagOf, textsOf } from '../../observe/parser.js';
import type { Tree } from '../../observe/parser.js';
import { classify, quoteName } from '../../sql/index.js';

/** The questions that the live server can answer. */
export type Asked =
  | 'owner'
  | 'privilege'
  | 'create in schema'
  | 'create schema'
  | 'set parameter'
  | 'create role'
  | 'role'
  | 'member of role'
  | 'create extension'
  | 'change extension';

/** Something that a statement needs of the server and that no schema contains: a role, an extension, a privilege. */
export interface Need {
  readonly question: Asked;
  readonly parameters: readonly (string | null)[];
}

/** The needs of a statement that was executed on the copy, where its role may do everything. */
export function needsOf({ tree, tables }: Observed, liveNames: ReadonlyMap<number, string>): readonly Need[] {
  if (tree === undefined) return [];
  // Objects that the run itself creates belong to its role.
  const inUse = (name: string): readonly string[] => {
    const found = tables.get(name);
    if (found === undefined) return [name];
    return found.isNew ? [] : [liveNames.get(found.oid) ?? name];
  };
  return [
    ...ownedIn(tree)
      .flatMap(inUse)
      .map((table) => need('owner')([table])),
    ...privilegesIn(tree).flatMap(([privilege, name]) =>
      inUse(name).map((table) => need('privilege')([table, privilege])),
    ),
    ...schemasIn(tree).map((schema) => need('create in schema')([schema])),
    ...ofDatabase(tree),
    ...rolesIn(tree),
    ...parametersIn(tree),
  ];
}

/** Whether the permissions of the role may differ from the present ones after such a statement. */
export function changesPermissions({ tree, sql }: Observed): boolean {
  if (tree === undefined) return false;
  const [code] = classify(sql);
  if (['DoStmt', 'CallStmt'].includes(tagOf(tree)))
    return ['GRANT', 'ROLE', 'OWNER', 'AUTHORIZATION'].some((word) => code?.mentions(word));
  return (
    ['role', 'session_authorization'].includes(code?.setting?.name ?? '') ||
    permitting.has(tagOf(tree)) ||
    [...nodesOf(tree, 'AlterTableCmd')].some(({ subtype }) => subtype === 'AT_ChangeOwner')
  );
}

const permitting = new Set<string>([
  'GrantStmt',
  'GrantRoleStmt',
  'AlterOwnerStmt',
  'ReassignOwnedStmt',
  'AlterRoleStmt',
]);

export function rolesMadeBy(statements: readonly Observed[]): readonly string[] {
  return statements.flatMap(({ tree }) => nodeOf(tree, 'CreateRoleStmt')?.role ?? []);
}

function need(asked: Asked): (parameters: Need['parameters']) => Need {
  return (parameters) => ({ question: asked, parameters });
}

/** The tables, as named, that only their owner may change in this way. */
function ownedIn(tree: Tree): readonly string[] {
  const ranges = [
    nodeOf(tree, 'AlterTableStmt')?.relation,
    nodeOf(tree, 'IndexStmt')?.relation,
    nodeOf(tree, 'RenameStmt')?.relation,
    nodeOf(tree, 'AlterObjectSchemaStmt')?.relation,
    nodeOf(tree, 'AlterSeqStmt')?.sequence,
    nodeOf(tree, 'CreatePolicyStmt')?.table,
    nodeOf(tree, 'AlterPolicyStmt')?.table,
    nodeOf(tree, 'RuleStmt')?.relation,
    nodeOf(tree, 'ReindexStmt')?.relation,
    nodeOf(tree, 'RefreshMatViewStmt')?.relation,
  ];
  const dropped = nodeOf(tree, 'DropStmt');
  const { objtype = '', object } = nodeOf(tree, 'CommentStmt') ?? {};
  const commented = textsOf(nodeOf(object, 'List')?.items);
  return [
    ...ranges.flatMap((range) => (range ? [nameOf(range)] : [])),
    ...(dropped === undefined ? [] : namesIn(tree)),
    ...(objtype === 'OBJECT_TABLE' ? [asSql(commented)] : []),
    ...(objtype === 'OBJECT_COLUMN' ? [asSql(commented.slice(0, -1))] : []),
  ];
}

/** The privileges that may have been granted to the role. */
function privilegesIn(tree: Tree): readonly (readonly [privilege: string, table: string])[] {
  const keys = [...nodesOf(tree, 'Constraint')].flatMap(({ pktable }) => pktable ?? []);
  const truncated = (nodeOf(tree, 'TruncateStmt')?.relations ?? []).flatMap((one) => nodeOf(one, 'RangeVar') ?? []);
  const triggered = nodeOf(tree, 'CreateTrigStmt')?.relation;
  return [
    ...keys.map((range) => ['REFERENCES', nameOf(range)] as const),
    ...truncated.map((range) => ['TRUNCATE', nameOf(range)] as const),
    ...(triggered ? [['TRIGGER', nameOf(triggered)] as const] : []),
  ];
}

/** The schemas in which something is created; null stands for the first schema of the search path. */
function schemasIn(tree: Tree): readonly (string | null)[] {
  const ranges = [
    nodeOf(tree, 'CreateStmt')?.relation,
    nodeOf(tree, 'CreateTableAsStmt')?.into?.rel,
    nodeOf(tree, 'ViewStmt')?.view,
    nodeOf(tree, 'CreateSeqStmt')?.sequence,
    nodeOf(tree, 'CompositeTypeStmt')?.typevar,
  ].flatMap((range) => range ?? []);
  const names = [
    nodeOf(tree, 'CreateEnumStmt')?.typeName,
    nodeOf(tree, 'CreateDomainStmt')?.domainname,
    nodeOf(tree, 'CreateFunctionStmt')?.funcname,
  ].flatMap((list) => (list === undefined ? [] : [textsOf(list)]));
  const lasting = ranges.filter(({ relpersistence }) => relpersistence !== 't');
  return [
    ...lasting.map(({ schemaname }) => schemaname ?? null),
    ...names.map((parts) => (parts.length > 1 ? (parts[0] ?? null) : null)),
  ];
}

function ofDatabase(tree: Tree): readonly Need[] {
  const created = nodeOf(tree, 'CreateExtensionStmt');
  const { objtype, object } = nodeOf(tree, 'CommentStmt') ?? {};
  const dropped = nodeOf(tree, 'DropStmt');
  const changed = [
    nodeOf(tree, 'AlterExtensionStmt')?.extname,
    ...(objtype === 'OBJECT_EXTENSION' ? textsOf(object && [object]) : []),
    ...(dropped?.removeType === 'OBJECT_EXTENSION' ? textsOf(dropped.objects) : []),
  ].flatMap((name) => name ?? []);
  return [
    ...(nodeOf(tree, 'CreateSchemaStmt') ? [need('create schema')([])] : []),
    ...(nodeOf(tree, 'CreateRoleStmt') ? [need('create role')([])] : []),
    ...(created?.extname === undefined ? [] : [need('create extension')([created.extname])]),
    ...changed.map((name) => need('change extension')([name])),
  ];
}

function rolesIn(tree: Tree): readonly Need[] {
  const nameOfRole = ({ rolename }: RoleSpec): readonly string[] => (rolename === undefined ? [] : [rolename]);
  const owners = [
    nodeOf(tree, 'AlterOwnerStmt')?.newowner,
    ...[...nodesOf(tree, 'AlterTableCmd')].map(({ newowner }) => newowner),
    nodeOf(tree, 'CreateSchemaStmt')?.authrole,
  ].flatMap((role) => (role ? nameOfRole(role) : []));
  const named = [...nodesOf(tree, 'RoleSpec')].flatMap(nameOfRole);
  return [
    ...[...named, ...owners].map((role) => need('role')([role])),
    ...owners.map((role) => need('member of role')([role])),
  ];
}

function parametersIn(tree: Tree): readonly Need[] {
  const name = nodeOf(tree, 'VariableSetStmt')?.name;
  return name === undefined ? [] : [need('set parameter')([name])];
}

function asSql(parts: readonly string[]): string {
  return parts.slice(-2).map(quoteName).join('.');
}
