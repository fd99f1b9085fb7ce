/** The command that prints the page about an error code or a rule. */
export function helpOn(topic: string): string {
  return `nest-migrate help ${topic}`;
}

/** The line at the end of the output: one for each topic, however often it occurred. */
export function moreOn(topics: readonly (string | undefined)[]): readonly string[] {
  const named = topics.filter((topic) => topic !== undefined);
  return [...new Set(named)].map((topic) => `More: ${helpOn(topic)}`);
}
