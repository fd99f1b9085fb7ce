import { nodeOf, nodesOf, textsOf } from '../observe/parser.js';
import type { Tree } from '../observe/parser.js';

/** The setting that a statement changes: SET, SET LOCAL, RESET, or set_config(). */
export interface Setting {
  /** In lower case; `all` for RESET ALL. */
  readonly name: string;
  /** Undefined if the setting returns to its default. */
  readonly value: string | undefined;
  /** `transaction`: until the transaction ends. */
  readonly until: 'session' | 'transaction';
}

export function settingOf(tree: Tree | undefined): Setting | undefined {
  const set = nodeOf(tree, 'VariableSetStmt');
  if (!set) return calledSetting(tree);
  const until = set.is_local || set.name === 'TRANSACTION' ? 'transaction' : 'session';
  if (set.kind === 'VAR_RESET_ALL') return { name: 'all', value: undefined, until };
  const name = (set.name ?? '').toLowerCase();
  if (set.kind === 'VAR_RESET' || set.kind === 'VAR_SET_DEFAULT') return { name, value: undefined, until };
  return { name, value: (set.args ?? []).map(valueOf).join(', '), until };
}

function calledSetting(tree: Tree | undefined): Setting | undefined {
  const select = nodeOf(tree, 'SelectStmt');
  for (const { funcname, args } of nodesOf(select?.targetList, 'FuncCall')) {
    if (textsOf(funcname).at(-1) !== 'set_config') continue;
    const [name, value, local] = (args ?? []).map(valueOf);
    return { name: (name ?? '').toLowerCase(), value, until: local === 'true' ? 'transaction' : 'session' };
  }
  return undefined;
}

function valueOf(node: Tree): string {
  const constant = nodeOf(nodeOf(node, 'TypeCast')?.arg, 'A_Const') ?? nodeOf(node, 'A_Const');
  if (constant?.sval) return constant.sval.sval ?? '';
  if (constant?.ival) return String(constant.ival.ival ?? 0);
  if (constant?.fval) return constant.fval.fval ?? '';
  if (constant?.boolval) return String(constant.boolval.boolval ?? false);
  return '';
}
