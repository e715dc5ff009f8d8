/** What helm says after `Error: `, and its exit status. */
export class HelmError extends Error {}
