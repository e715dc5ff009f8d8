/** A set of ipset(8): entries by their text, with an optional end of life. */
export class IpSet {
  readonly name: string;
  /** E.g. `hash:ip,port`. */
  readonly type: string;
  references = 0;

  /** How many parts an entry has. */
  get dimensions(): number {
    return this.type.split(",").length;
  }

  constructor(name: string, type: string) {
    this.name = name;
    this.type = type;
  }
}
