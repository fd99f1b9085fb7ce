const expectations = new Set<(reason: unknown) => boolean>();

/**
 * A promise that user code does not wait for may fail, and Node then ends the process. Where that is known to mean nothing, it goes on:
 * until the function that is returned is called. Whatever nothing expects ends the process as before.
 */
export function expectRejections(isExpected: (reason: unknown) => boolean): () => void {
  if (expectations.size === 0) process.on('unhandledRejection', judge);
  expectations.add(isExpected);
  return () => {
    expectations.delete(isExpected);
    if (expectations.size === 0) process.off('unhandledRejection', judge);
  };
}

/** All of them hear of it: one may wait for the reason, and another only ignore it. */
function judge(reason: unknown): void {
  const answers = [...expectations].map((isExpected) => isExpected(reason));
  if (!answers.includes(true)) throw reason;
}
