/**
 * The list of strings that a key at the top of a YAML file has, in blocks or in brackets, plain or quoted. Undefined where the text is more
 * than that, such as an alias: it is not known then.
 */
export function yamlList(text: string, key: string): readonly string[] | undefined {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const isKey = new RegExp(`^(?:${key}|"${key}"|'${key}')[ \\t]*:(?:[ \\t]+(.*))?$`);
  const at = lines.findIndex((line) => isKey.test(line));
  if (at === -1) return [];
  const first = isKey.exec(lines[at] ?? '')?.[1] ?? '';
  const rest = lines.slice(at + 1);
  // The next key ends it; a list may begin as far left as its key.
  const end = rest.findIndex((line) => /^[^\s#\]-]/.test(line) || /^(?:---|\.\.\.)(?:\s|$)/.test(line));
  const value = [first, ...(end === -1 ? rest : rest.slice(0, end))].map(withoutComment);
  const whole = value.join('\n').trim();
  if (whole === '' || whole === '~' || whole === 'null') return [];
  return whole.startsWith('[') ? flowList(whole) : blockList(value);
}

/** A `#` begins a comment after a space, and outside quotes. */
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

/** Undefined of anything but a string. */
function scalar(written: string): string | undefined {
  const text = written.trim().replace(/\s*\n\s*/g, ' ');
  if (/^(?:'[^']*')+$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (/^"(?:[^"\\]|\\.)*"$/.test(text)) return fromJson(text);
  // What begins so is an alias, an anchor, a tag, a mapping or a block of text.
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
