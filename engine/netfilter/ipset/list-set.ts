import type { EntryOptions } from "./options.ts";
import { SetError } from "./problem.ts";
import type { Entry, IpSet } from "./set.ts";

interface On {
  sets: ReadonlyMap<string, IpSet>;
  /** µs of virtual time. */
  now: number;
  exist: boolean;
}

const notAdded = () => new SetError("The set to which you referred with 'before' or 'after' is not added to the set.");

/** Refuses names that are no sets, or sets that cannot stand in a list (list_set_uadt). */
function checkNames(text: string, { before, after }: EntryOptions, { sets }: On): void {
  const named = sets.get(text);
  if (named === undefined) throw new SetError("Set to be added/deleted/tested as element does not exist.");
  if (named.type === "list:set") throw new SetError("Sets with list:set type cannot be added to the set.");
  const beside = before ?? after;
  if (beside !== undefined && !sets.has(beside)) {
    throw new SetError("The set to which you referred with 'before' or 'after' does not exist.");
  }
}

/** Adds a set to a list, at its end or beside another (list_set_uadd). */
export function addToList(list: IpSet, entry: Entry, given: EntryOptions, on: On): void {
  checkNames(entry.text, given, on);
  const entries = list.alive(on.now);
  const there = entries.find(({ text }) => text === entry.text);
  const beside = given.before ?? given.after;
  const at = beside === undefined ? -1 : entries.findIndex(({ text }) => text === beside);
  if (beside !== undefined && at < 0) throw notAdded();
  if (there !== undefined && !on.exist) throw new SetError("Element cannot be added to the set: it's already added");
  if (there !== undefined) list.put(entry);
  else if (beside === undefined) list.put(entry);
  else list.reorder(entries.toSpliced(given.before === undefined ? at + 1 : at, 0, entry));
}

/** Whether a set stands in a list, and beside the other that is named. */
function stands(list: IpSet, text: string, { before, after }: EntryOptions, now: number): boolean {
  const names = list.alive(now).map((entry) => entry.text);
  const at = names.indexOf(text);
  if (at < 0) return false;
  if (before !== undefined) return names[at + 1] === before;
  return after === undefined || (at > 0 && names[at - 1] === after);
}

export function removeFromList(list: IpSet, text: string, given: EntryOptions, on: On): void {
  checkNames(text, given, on);
  if (!stands(list, text, given, on.now)) {
    if (given.before !== undefined || given.after !== undefined) throw notAdded();
    if (!on.exist) throw new SetError("Element cannot be deleted from the set: it's not added");
  }
  list.remove(text);
}

/** What `test` says of a set in a list: it speaks of `after` in either case. */
export function testInList(
  list: IpSet,
  text: string,
  given: EntryOptions,
  now: number,
): { there: boolean; text: string } {
  const beside = given.before ?? given.after;
  return { there: stands(list, text, given, now), text: beside === undefined ? text : `${text} after ${beside}` };
}
