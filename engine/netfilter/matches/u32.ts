import { leadingNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { plainMatch } from "../plain.ts";
import { Problem } from "../problem.ts";

/** Most numbers of a location, values of a test, and tests of a rule (XT_U32_MAXSIZE). */
const MOST = 10;

interface Test {
  location: { operator: "" | "&" | "<<" | ">>" | "@"; number: number }[];
  values: [first: number, last: number][];
}

const hex = (value: number) => `0x${value.toString(16)}`;

/** Reads `0>>22&0x3C@4=80,90:95&&…` in the steps in which libxt_u32.c complains. */
class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  private fail(what: string): Problem {
    return new Problem(`u32: at char ${this.at}: ${what}`);
  }

  private blanks(): string {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
    return this.text[this.at] ?? "";
  }

  private number(): number {
    const found = leadingNumber(this.text.slice(this.at));
    if (found === undefined || found.value > 0xffff_ffff) throw this.fail("not a number or out of range");
    this.at = this.text.length - found.rest.length;
    return found.value;
  }

  private operator(): "&" | "<<" | ">>" | "@" {
    const sign = this.text[this.at]!;
    if (sign === "&" || sign === "@") {
      this.at++;
      return sign;
    }
    if (sign !== "<" && sign !== ">") throw this.fail("operator expected");
    this.at++;
    if (this.text[this.at] !== sign) throw this.fail(`a second '${sign}' was expected`);
    this.at++;
    return sign === "<" ? "<<" : ">>";
  }

  tests(): Test[] {
    const out: Test[] = [];
    for (;;) {
      const test = { location: this.location(), values: [] as [number, number][] };
      const ends = this.values(test.values);
      out.push(test);
      if (out.length > MOST) throw this.fail('too many "&&"s');
      if (ends) return out;
    }
  }

  private location(): Test["location"] {
    const out: Test["location"] = [];
    for (;;) {
      const next = this.blanks();
      if (next === "") throw new Problem("u32: abrupt end of input after location specifier");
      if (next === "=") {
        if (out.length === 0) throw this.fail("location spec missing");
        this.at++;
        return out;
      }
      const operator = out.length === 0 ? "" : this.operator();
      out.push({ operator, number: this.number() });
      if (out.length > MOST) throw this.fail("too many operators");
    }
  }

  /** Whether the text ends behind them. */
  private values(out: [number, number][]): boolean {
    for (;;) {
      const next = this.blanks();
      if (next === "") {
        if (out.length === 0) throw new Problem("u32: test ended with no value specified");
        return true;
      }
      if (next === "&") {
        this.at++;
        if (this.text[this.at] !== "&") throw this.fail("a second '&' was expected");
        if (out.length === 0) throw this.fail("value spec missing");
        this.at++;
        return false;
      }
      if (out.length > 0) {
        if (next !== ",") throw this.fail('expected "," or "&&"');
        this.at++;
      }
      const first = this.number();
      if (this.blanks() === ":") {
        this.at++;
        out.push([first, this.number()]);
      } else out.push([first, first]);
      if (out.length > MOST) throw this.fail('too many ","s');
    }
  }
}

function written(tests: readonly Test[]): string {
  const texts = tests.map(({ location, values }) => {
    const where = location.map(({ operator, number }) => operator + hex(number)).join("");
    const which = values.map(([first, last]) => (first === last ? hex(first) : `${hex(first)}:${hex(last)}`));
    return `${where}=${which.join(",")}`;
  });
  return `"${texts.join("&&")}"`;
}

/** The headers of a packet as they would go over a wire: what lies behind them is not known here. */
function headers(packet: Packet): Uint8Array {
  const transport = packet.protocol === 6 ? 20 : 8;
  const bytes = new Uint8Array(20 + transport);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, packet.length);
  view.setUint16(6, 0x4000);
  view.setUint8(8, packet.ttl ?? 64);
  view.setUint8(9, packet.protocol);
  view.setInt32(12, packet.source);
  view.setInt32(16, packet.destination);
  if (packet.protocol === 1) {
    view.setUint8(20, packet.icmpType);
    view.setUint8(21, packet.icmpCode);
    return bytes;
  }
  view.setUint16(20, packet.sourcePort);
  view.setUint16(22, packet.destinationPort);
  if (packet.protocol === 6) {
    view.setUint8(32, 0x50);
    view.setUint8(33, packet.tcpFlags);
  } else view.setUint16(24, packet.length - 20);
  return bytes;
}

/** One test's value, undefined when it lies outside (u32_match_it of xt_u32.c). */
function valueAt({ location }: Test, view: DataView): number | undefined {
  let base = 0;
  let value = 0;
  for (const { operator, number } of location) {
    if (operator === "&") value = (value & number) >>> 0;
    else if (operator === "<<") value = (value << number) >>> 0;
    else if (operator === ">>") value = value >>> number;
    else {
      if (operator === "@") base += value;
      const at = base + number;
      if (at + 4 > view.byteLength) return undefined;
      value = view.getUint32(at);
    }
  }
  return value;
}

/** The tests of a rule by what it says: read once, and gone with the rule. */
const made = new WeakMap<object, Test[]>();

/** `-m u32` (libxt_u32.c). */
export const u32 = plainMatch(
  {
    name: "u32",
    options: [
      {
        name: "u32",
        mandatory: true,
        invert: true,
        read(value) {
          return written(new Reader(value).tests());
        },
      },
    ],
    list: (said) => ` u32${said.get("u32")!.inverted ? " !" : ""} ${said.get("u32")!.value}`,
  },
  (packet, _on, said) => {
    const { value, inverted } = said.get("u32")!;
    const bytes = headers(packet);
    const view = new DataView(bytes.buffer);
    let tests = made.get(said);
    if (tests === undefined) made.set(said, (tests = new Reader(value.slice(1, -1)).tests()));
    const holds = tests.every((test) => {
      const found = valueAt(test, view);
      return found !== undefined && test.values.some(([first, last]) => found >= first && found <= last);
    });
    return holds !== inverted;
  },
);
