/** A bad argument: its message goes to standard error and the command ends with status 2. */
export class UsageError extends Error {}

export function integerOption(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new UsageError(`${name}: "${text}" is not a whole number from ${min} to ${max}`);
    }
    return value;
  };
}
