/** A step of a sync that failed, in the words of a SyncResult (pkg/kubelet/container/sync_result.go Error). */
export const failedTo = (action: string, target: string, error: string, message: string): string =>
  `failed to "${action}" for "${target}" with ${error}: ${JSON.stringify(message)}`;

/** Several errors as one (apimachinery util/errors Aggregate). */
export const aggregate = (errors: readonly string[]): string =>
  errors.length === 1 ? errors[0]! : `[${errors.join(", ")}]`;
