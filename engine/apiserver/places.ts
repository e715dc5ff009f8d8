/**
 * A set of numbers that never changes; one that differs in a place is made beside it and shares all the rest. Only the newest
 * has the set itself, the others know how they differ from the one made of them (Baker, "Shallow binding makes functional
 * arrays fast", 1991): a key that is written anew for each Service costs the same however many there are.
 */
export class Places {
  readonly size: number;
  private held: Set<number> | undefined;
  /** How it differs from `newer`, which was made of it or of which it was made. */
  private newer: Places | undefined;
  private place = 0;
  private wasTaken = false;

  private constructor(held: Set<number>, size: number) {
    this.held = held;
    this.size = size;
  }

  static of(numbers: Iterable<number> = []): Places {
    const held = new Set(numbers);
    return new Places(held, held.size);
  }

  has(place: number): boolean {
    return this.set().has(place);
  }

  /** These places, in no order that means anything. */
  all(): ReadonlySet<number> {
    return this.set();
  }

  /** The same with a place taken or free. */
  with(place: number, isTaken: boolean): Places {
    const held = this.set();
    const was = held.has(place);
    if (was === isTaken) return this;
    if (isTaken) held.add(place);
    else held.delete(place);
    const made = new Places(held, held.size);
    this.held = undefined;
    this.newer = made;
    this.place = place;
    this.wasTaken = was;
    return made;
  }

  /** Its own set: the one of the newest, with every difference on the way undone. */
  private set(): Set<number> {
    if (this.held !== undefined) return this.held;
    const way: Places[] = [];
    let at: Places = this;
    while (at.newer !== undefined) {
      way.push(at);
      at = at.newer;
    }
    const held = at.held!;
    for (const older of way.reverse()) {
      // The two change roles.
      at.held = undefined;
      at.newer = older;
      at.place = older.place;
      at.wasTaken = held.has(older.place);
      if (older.wasTaken) held.add(older.place);
      else held.delete(older.place);
      older.newer = undefined;
      older.held = held;
      at = older;
    }
    return held;
  }
}
