const key = Symbol.for('nest-migrate.commands');

/** In a process that was started for one of these commands, the app does not migrate by itself: `migrations:status` must not migrate. */
export function leaveMigratingToCommands(names: readonly string[]): void {
  (globalThis as Record<symbol, unknown>)[key] = names;
}

export function isLeftToCommand(): boolean {
  const names = (globalThis as Record<symbol, readonly string[] | undefined>)[key] ?? [];
  return process.argv.slice(2).some((argument) => names.includes(argument));
}
