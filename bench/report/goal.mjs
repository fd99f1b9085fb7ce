/** A goal is a figure that may be so high at most. */
export function atMost(text, value, limit, unit) {
  const met = value <= limit;
  const by = met ? '' : `, by ${unit(value - limit)}`;
  return { text, met, said: `${unit(value)}; goal: at most ${unit(limit)}: ${met ? 'met' : 'not met'}${by}` };
}

export const goalLine = ({ text, met, said }) => `- ${met ? '✔' : '✖'} ${text}: ${said}`;
