/** In what way something was found to be wrong. */
export const categories = ['doubled', 'lost', 'hung', 'wrong reports', 'passwords', 'left over', 'failed'] as const;
export type Category = (typeof categories)[number];

export interface Finding {
  readonly category: Category;
  readonly text: string;
}
