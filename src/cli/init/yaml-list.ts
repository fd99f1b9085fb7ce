/**
 * The list of strings of a top-level key in a YAML file, as a block or in brackets, plain or quoted. Undefined if the text contains
 * anything else, such as an alias.
 */
export function yamlList(text: string, key: string): readonly string[] | undefined {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const isKey = new RegExp(`^(?:${key}|"${key}"|'${key}')[ \\t]*:(?:[ \\t]+(.*))?$`);
  const at = lines.findIndex((line) => isKey.test(line));
  if (at === -1) return [];
  const first = isKey.exec(lines[at] ?? '')?.[1] ?? '';
  const rest = lines.slice(at + 1);
  // The next key ends the list. Its items need not be indented.
  const end = rest.findIndex((line) => /^[^\s#\]-]/.test(line) || /^(?:---|\.\.\.)(?:\s|$)/.test(line));
  const value = [first, ...(end === -1 ? rest : rest.slice(0, end))].map(withoutComment);
  const whole = value.join('\n').trim();
  if (whole === '' || whole === '~' || whole === 'null') return [];
  return whole.startsWith('[') ? flowList(whole) : blockList(value);
}

/** Outside quotes, `#` after a space begins a comment. */
function withoutComment(line: string): string {
  return /^((?:"(?:[^"\\]|\\.)*"|(?:'[^']*')+|(?<=\S)#|[^#"']|(?<=\S)["'])*)/.exec(line)?.[1] ?? line;
}

function blockList(lines: readonly string[]): readonly string[] | undefined {
  const items = lines.filter((line) => line.trim() !== '').map((line) => /^\s*-\s+(.*)$/.exec(line)?.[1]);
  return all(items.map((item) => (item === undefined ? undefined : scalar(item))));
}

function flowList(text: string): readonly string[] | undefined {
  const inner = /^\[([^]*)\]$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  const items = inner.match(/"(?:[^"\\]|\\.)*"|(?:'[^']*')+|[^,\s][^,]*/g) ?? [];
  return all(items.map(scalar));
}

/** Undefined for anything but a string. */
function scalar(written: string): string | undefined {
  const text = written.trim().replace(/\s*\n\s*/g, ' ');
  if (/^(?:'[^']*')+$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (/^"(?:[^"\\]|\\.)*"$/.test(text)) return fromJson(text);
  // A text that begins in this way is an alias, an anchor, a tag, a mapping or a block of text.
  return /^[*&|>%@`{}[\],?"']|^!(?:!|<|\S*\s)|:(?:\s|$)/.test(text) ? undefined : text;
}

function fromJson(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

function all(items: readonly (string | undefined)[]): readonly string[] | undefined {
  return items.every((item) => item !== undefined) ? items : undefined;
}
