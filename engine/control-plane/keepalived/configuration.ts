/** keepalived.conf as far as VRRP goes (keepalived.conf(5)). */

/** A check whose result counts for the instances that track it. */
export interface VrrpScript {
  readonly name: string;
  readonly script: string;
  /** Seconds. */
  readonly interval: number;
  /** Added to the priority while it succeeds, if positive; while it fails, if negative. 0: failing is a fault. */
  readonly weight: number;
  /** How many results in a row it takes to fail, and to be well again. */
  readonly fall: number;
  readonly rise: number;
}

/** One virtual router. */
export interface VrrpInstance {
  readonly name: string;
  readonly state: "MASTER" | "BACKUP";
  readonly interface: string;
  readonly id: number;
  readonly priority: number;
  /** Seconds between adverts. */
  readonly advert: number;
  readonly nopreempt: boolean;
  readonly addresses: readonly string[];
  /** `auth_type auth_pass`, "" without. */
  readonly authentication: string;
  readonly unicastSource: string | undefined;
  /** Empty: adverts go to all of the segment. */
  readonly unicastPeers: readonly string[];
  /** Names of scripts, with a weight of their own where one is given. */
  readonly tracks: ReadonlyMap<string, number | undefined>;
  /** What is run on a change, by the state that is entered; "" for any. */
  readonly notify: ReadonlyMap<string, string>;
}

export interface KeepalivedConfiguration {
  readonly instances: readonly VrrpInstance[];
  readonly scripts: ReadonlyMap<string, VrrpScript>;
  /** What is wrong and passed over, in keepalived's words. */
  readonly complaints: readonly string[];
  /** Why it cannot be run. */
  readonly fault: string | undefined;
}

interface Statement {
  readonly words: readonly string[];
  readonly line: number;
  readonly block: readonly Statement[];
}

/** Words of a configuration: blanks part them, quotes keep them together, `#` and `!` begin a comment. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [, quoted, word, mark] of text.matchAll(/"([^"]*)"|([^\s"{}#!]+)|([{}#!])/g)) {
    if (mark === "#" || mark === "!") break;
    words.push(quoted ?? word ?? mark!);
  }
  return words;
}

function statementsOf(text: string): Statement[] {
  const root: Statement[] = [];
  const open: Statement[][] = [root];
  text.split("\n").forEach((raw, index) => {
    let words: string[] = [];
    let last: (Statement & { block: Statement[] }) | undefined;
    const flush = () => {
      if (words.length > 0) {
        last = { words, line: index + 1, block: [] };
        open.at(-1)!.push(last);
      } else last = open.at(-1)!.at(-1) as typeof last;
      words = [];
    };
    for (const word of wordsOf(raw)) {
      if (word === "{") {
        flush();
        if (last !== undefined) open.push(last.block);
      } else if (word === "}") {
        if (words.length > 0) flush();
        if (open.length > 1) open.pop();
      } else words.push(word);
    }
    if (words.length > 0) flush();
  });
  return root;
}

/** Words that stand alone and change nothing here. */
const KNOWN = new Set(
  (
    "accept no_accept debug dont_track_primary garp_master_delay garp_master_refresh garp_master_refresh_repeat garp_master_repeat " +
    "garp_lower_prio_delay garp_lower_prio_repeat higher_prio_send_advert lower_prio_no_advert linkbeat_use_polling mcast_src_ip " +
    "native_ipv6 preempt preempt_delay smtp_alert strict_mode track_src_ip use_vmac version virtual_ipaddress_excluded virtual_routes " +
    "virtual_rules vmac_xmit_base track_interface track_process track_file check_unicast_src ttl_range garp_interval gna_interval " +
    "notify_priority_changes notify_deleted notify_master_rx_lower_pri kernel_rx_buf_size"
  ).split(" "),
);

/** Reads a configuration; `interfaces`: those of the machine. */
export function readConfiguration(
  path: string,
  text: string,
  interfaces: ReadonlySet<string>,
): KeepalivedConfiguration {
  const found: { line: number; words: string }[] = [];
  const at = (line: number, words: string) => found.push({ line, words: `(${path}: Line ${line}) ${words}` });
  const scripts = new Map<string, VrrpScript>();
  const instances: VrrpInstance[] = [];
  let fault: string | undefined;
  const number = (statement: Statement, low: number, high: number, otherwise: number): number => {
    const word = statement.words[1] ?? "";
    const value = Number(word);
    if (word !== "" && value >= low && value <= high) return value;
    at(statement.line, `number '${word}' outside range [${low}, ${high}]`);
    return otherwise;
  };
  for (const { words, line, block } of statementsOf(text)) {
    const [kind = "", name = ""] = words;
    if (kind === "vrrp_script") scripts.set(name, readScript(name, block, number, at));
    else if (kind === "vrrp_instance") {
      const instance = readInstance(name, block, number, at);
      if (!interfaces.has(instance.interface)) {
        const where = block.find((each) => each.words[0] === "interface")?.line ?? line;
        at(where, `WARNING - interface ${instance.interface} for vrrp_instance ${name} doesn't exist`);
        fault = "Non-existent interface specified in configuration";
      }
      instances.push(instance);
    } else if (
      !/^(global_defs|vrrp_sync_group|virtual_server|virtual_server_group|static_\w+|vrrp_track_\w+|include)$/.test(
        kind,
      )
    ) {
      at(line, `Unknown keyword '${kind}'`);
    }
  }
  const complaints = found.sort((a, b) => a.line - b.line).map(({ words }) => words);
  for (const { name, tracks } of instances) {
    for (const script of tracks.keys()) {
      if (!scripts.has(script)) complaints.push(`(${name}) tracked script ${script} not found, ignoring...`);
    }
  }
  return { instances, scripts, complaints, fault };
}

type ReadNumber = (statement: Statement, low: number, high: number, otherwise: number) => number;
type Complain = (line: number, words: string) => void;

function readScript(name: string, block: readonly Statement[], number: ReadNumber, at: Complain): VrrpScript {
  let [script, interval, weight, fall, rise] = ["", 1, 0, 1, 1];
  for (const statement of block) {
    const [word, value = ""] = statement.words;
    if (word === "script") script = value;
    else if (word === "interval") interval = number(statement, 1, 4294, 1);
    else if (word === "weight") weight = number(statement, -253, 253, 0);
    else if (word === "fall") fall = number(statement, 1, 65535, 1);
    else if (word === "rise") rise = number(statement, 1, 65535, 1);
    else if (word !== "timeout" && word !== "user" && word !== "init_fail") {
      at(statement.line, `Unknown keyword '${word}'`);
    }
  }
  return { name, script, interval, weight, fall, rise };
}

function readInstance(name: string, block: readonly Statement[], number: ReadNumber, at: Complain): VrrpInstance {
  const told = { state: "BACKUP" as "MASTER" | "BACKUP", interface: "", id: 0, priority: 100, advert: 1 };
  let nopreempt = false;
  let authentication = "";
  let unicastSource: string | undefined;
  let addresses: string[] = [];
  let unicastPeers: string[] = [];
  const tracks = new Map<string, number | undefined>();
  const notify = new Map<string, string>();
  const each = (statement: Statement) => statement.block.map(({ words }) => words);
  for (const statement of block) {
    const [word = "", value = ""] = statement.words;
    if (word === "state") told.state = value === "MASTER" ? "MASTER" : "BACKUP";
    else if (word === "interface") told.interface = value;
    else if (word === "virtual_router_id") told.id = number(statement, 1, 255, 0);
    else if (word === "priority") {
      const priority = number(statement, 1, 255, 0);
      if (priority === 0)
        at(statement.line, `(${name}) Priority not valid! must be between 1 & 255. Using default 100`);
      told.priority = priority || 100;
    } else if (word === "advert_int") told.advert = number(statement, 0.01, 255, 1);
    else if (word === "nopreempt") nopreempt = true;
    else if (word === "authentication") authentication = each(statement).flat().join(" ");
    else if (word === "unicast_src_ip") unicastSource = value;
    else if (word === "unicast_peer") unicastPeers = each(statement).map(([address = ""]) => address);
    else if (word === "virtual_ipaddress") addresses = each(statement).map(([address = ""]) => address);
    else if (word === "track_script") {
      for (const [script = "", key, weight] of each(statement)) {
        tracks.set(script, key === "weight" ? Number(weight) : undefined);
      }
    } else if (/^notify(_(master|backup|fault|stop))?$/.test(word)) notify.set(word.slice(7).toUpperCase(), value);
    else if (!KNOWN.has(word)) at(statement.line, `Unknown keyword '${word}'`);
  }
  return { name, ...told, nopreempt, authentication, unicastSource, unicastPeers, addresses, tracks, notify };
}
