import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { importsOf } from '../content/imports.js';
import { targetOf } from '../content/resolve.js';
import { tokensOf } from '../content/tokens.js';
import type { Token } from '../content/tokens.js';
import { moduleKindOf } from '../files/import-file.js';
import { wayThroughImports } from './import-cycle.js';

/** A property of an entity whose metadata needs a class as soon as the file is loaded. */
export interface EarlyClass {
  readonly property: string;
  readonly type: string;
  /** The import cycle from its file through the file of the class and back. */
  readonly circle: readonly string[];
}

/**
 * In an ES module, the type of a decorated property is evaluated while the file is loaded. Where the file of that class imports this one back,
 * it depends on which of the two is imported first whether the class is there.
 */
export function earlyClassesIn(file: string): readonly EarlyClass[] {
  if (moduleKindOf(file) !== 'esm') return [];
  const tokens = tokensOf(readFileSync(file, 'utf8')) ?? [];
  const { imports } = importsOf(tokens);
  return decoratedProperties(tokens).flatMap(({ property, type }) => {
    const source = imports.find(({ names }) => names?.includes(type) === true);
    const target = source && targetOf(source, dirname(file));
    const [of] = target !== undefined && 'files' in target ? target.files : [];
    const back = of === undefined ? undefined : wayThroughImports(of, file);
    return back === undefined ? [] : { property, type, circle: [file, ...back] };
  });
}

const modifiers = new Set(['public', 'private', 'protected', 'readonly', 'override', 'declare']);

/** `@ManyToOne(…) author!: User;` */
function decoratedProperties(
  tokens: readonly Token[],
): readonly { readonly property: string; readonly type: string }[] {
  return tokens.flatMap((token, at) => {
    const type = tokens[at + 1];
    if (token.text !== ':' || type?.kind !== 'word' || tokens[at + 2]?.text !== ';') return [];
    let name = at - 1;
    if (tokens[name]?.text === '!' || tokens[name]?.text === '?') name -= 1;
    let before = name - 1;
    while (modifiers.has(tokens[before]?.text ?? '')) before -= 1;
    const property = tokens[name];
    // The token before is the end of a decorator: `)`.
    return property?.kind === 'word' && tokens[before]?.text === ')'
      ? { property: property.text, type: type.text }
      : [];
  });
}
