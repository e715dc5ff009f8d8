/** etcdctl member: list, add, remove, promote, update. */
import { addMember, hexId, type Member, moveMember, promoteMember, removeMember } from "../../etcd/index.ts";
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { header, headFields, json } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";
import { gridTable } from "./table.ts";

const bad = (text: string) => new EtcdctlError(text, 128);

function memberJson({ id, name, peerUrls, clientUrls, isLearner }: Member): string {
  const parts = [
    `"ID":${id}`,
    ...(name === "" ? [] : [`"name":${JSON.stringify(name)}`]),
    `"peerURLs":${JSON.stringify(peerUrls)}`,
    ...(clientUrls.length === 0 ? [] : [`"clientURLs":${JSON.stringify(clientUrls)}`]),
    ...(isLearner ? ['"isLearner":true'] : []),
  ];
  return `{${parts.join(",")}}`;
}

const membersJson = (r: Run): string => `"members":[${r.client.raft.members().map(memberJson).join(",")}]`;
const headJson = (r: Run): string => json({ header: header(r, false) }).slice(0, -2);

const memberList: Subcommand = {
  usage: "member list [flags]",
  about: "Lists all members in the cluster",
  *run(r) {
    yield* r.client.first();
    const list = r.client.raft.members();
    if (r.format === "json") {
      yield* sys.print(r.p, `${headJson(r)},${membersJson(r)}}\n`);
      return;
    }
    if (r.format === "fields") {
      const each = list.map(
        ({ id, name, peerUrls, clientUrls, isLearner }) =>
          `"ID" : ${id}\n"Name" : ${quoteString(name)}\n` +
          peerUrls.map((url) => `"PeerURL" : ${quoteString(url)}\n`).join("") +
          clientUrls.map((url) => `"ClientURL" : ${quoteString(url)}\n`).join("") +
          `"IsLearner" : ${isLearner}\n\n`,
      );
      yield* sys.print(r.p, headFields(r, false) + each.join(""));
      return;
    }
    const rows = list.map(({ id, name, peerUrls, clientUrls, isLearner }) => [
      hexId(id),
      name === "" ? "unstarted" : "started",
      name,
      peerUrls.join(","),
      clientUrls.join(","),
      String(isLearner),
    ]);
    if (r.format === "table") {
      yield* sys.print(r.p, gridTable(["ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"], rows));
    } else yield* sys.print(r.p, rows.map((row) => `${row.join(", ")}\n`).join(""));
  },
};

function memberOf(r: Run): bigint {
  const [word] = r.args;
  if (word === undefined || r.args.length > 1) throw bad("member ID is not provided");
  if (/^[0-9a-f]{1,16}$/i.test(word)) return BigInt(`0x${word}`);
  throw bad(`bad member ID arg (strconv.ParseUint: parsing ${quoteString(word)}: invalid syntax), expecting ID in Hex`);
}

/** `--peer-urls`, as Go reads URLs. */
function peerUrlsOf(r: Run): string[] {
  const text = r.flag("peer-urls");
  if (text === undefined) throw bad("member peer urls not provided");
  const urls = text.split(",");
  for (const url of urls) {
    if (/^[^/]*:/.test(url) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) {
      throw new EtcdctlError(`parse ${quoteString(url)}: first path segment in URL cannot contain colon`);
    }
  }
  return urls;
}

/** What a change of members is answered with: in `text` for people; tables and fields are not supported. */
function* printChange(r: Run, text: string, own = ""): Gen {
  if (r.format === "table" || r.format === "fields") {
    throw new EtcdctlError(`${r.format} not supported as output format`, 4);
  }
  yield* sys.print(r.p, r.format === "json" ? `${headJson(r)}${own},${membersJson(r)}}\n` : text);
}

const add: Subcommand = {
  usage: "member add <memberName> [options] [flags]",
  about: "Adds a member into the cluster",
  *run(r) {
    const [name] = r.args;
    if (name === undefined) throw bad("member name not provided");
    if (r.args.length > 1) {
      throw bad("too many arguments");
    }
    const urls = peerUrlsOf(r);
    const seconds = Math.floor(r.p.machine.kernel.wallMs / 1000);
    const { raft } = r.client;
    const member = yield* r.client.request(() => addMember(raft, r.client.asked, urls, r.on("learner"), seconds));
    const cluster = raft
      .members()
      .flatMap((each) => each.peerUrls.map((url) => `${each.id === member.id ? name : each.name}=${url}`));
    const text =
      `Member ${hexId(member.id)} added to cluster ${hexId(raft.id)}\n\n` +
      `ETCD_NAME="${name}"\nETCD_INITIAL_CLUSTER="${cluster.join(",")}"\n` +
      `ETCD_INITIAL_ADVERTISE_PEER_URLS="${urls.join(",")}"\nETCD_INITIAL_CLUSTER_STATE="existing"\n`;
    yield* printChange(r, text, `,"member":${memberJson(member)}`);
  },
};

/** A change of one member by its id. */
function change(
  verb: "remove" | "promote" | "update",
  about: string,
  done: string,
  act: (r: Run, id: bigint) => void,
): Subcommand {
  return {
    usage: `member ${verb} <memberID>${verb === "update" ? " [options]" : ""} [flags]`,
    about,
    *run(r) {
      const id = memberOf(r);
      if (verb === "update") peerUrlsOf(r);
      yield* r.client.request(() => act(r, id));
      yield* printChange(
        r,
        `Member ${hexId(id).padStart(16)} ${done} cluster ${hexId(r.client.raft.id).padStart(16)}\n`,
      );
    },
  };
}

export const memberCommands: Readonly<Record<string, Subcommand>> = {
  "member add": add,
  "member list": memberList,
  "member promote": change("promote", "Promotes a non-voting member in the cluster", "promoted in", (r, id) =>
    promoteMember(r.client.raft, id),
  ),
  "member remove": change("remove", "Removes a member from the cluster", "removed from", (r, id) =>
    removeMember(r.client.raft, r.client.asked, id),
  ),
  "member update": change("update", "Updates a member in the cluster", "updated in", (r, id) =>
    moveMember(r.client.raft, id, peerUrlsOf(r)),
  ),
};
