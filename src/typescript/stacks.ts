import { SourceMap } from 'node:module';
import type { SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * From now on, stack traces name lines of the TypeScript sources. Node could do that itself, but it would read the map of every file of
 * every package in advance, before anything has failed. Here, only the maps of the files in a trace are read. `compiled` returns the code
 * that runs for a file.
 */
export function traceSources(compiled: (file: string) => string | undefined): void {
  const maps = new Map<string, { readonly code: string | undefined; readonly map: SourceMap | undefined }>();
  const mapOf = (file: string): SourceMap | undefined => {
    const code = compiled(file);
    const known = maps.get(file);
    if (known?.code === code) return known?.map;
    const map = mapIn(code);
    maps.set(file, { code, map });
    return map;
  };
  const original = (file: string, { line, column }: Position): Position | undefined => {
    const entry = mapOf(file)?.findEntry(line - 1, column - 1);
    return entry && 'originalLine' in entry
      ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 }
      : undefined;
  };
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => `\n    at ${traced(frame, original)}`);
    return Error.prototype.toString.call(error) + lines.join('');
  };
}

function traced(frame: NodeJS.CallSite, original: (file: string, at: Position) => Position | undefined): string {
  // oxlint-disable-next-line typescript/no-base-to-string -- it has its own toString, which its type does not declare.
  const text = frame.toString();
  const [name, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
  if (!name || line === null || column === null || !/\.[cm]?ts(?:\?.*)?$/.test(name)) return text;
  try {
    const at = original(name.startsWith('file:') ? fileURLToPath(name) : name, { line, column });
    return at ? text.replace(`${name}:${line}:${column}`, () => `${name}:${at.line}:${at.column}`) : text;
  } catch {
    return text;
  }
}

function mapIn(code: string | undefined): SourceMap | undefined {
  const encoded = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(code ?? '')?.[1];
  if (encoded === undefined) return undefined;
  return new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as SourceMapPayload);
}
