/** What a mount failed with, in the plugin's words. */
export class MountError extends Error {}
