/** Where a throwaway database is: how a data source connects to it, and how it is removed. */
export interface Place {
  readonly connection: object;
  remove(): Promise<void>;
}
