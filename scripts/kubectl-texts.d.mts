/** Makes the file of kubectl's help texts when it is missing or another kubectl is installed now; returns its path. */
export function ensureKubectlTexts(): string;
