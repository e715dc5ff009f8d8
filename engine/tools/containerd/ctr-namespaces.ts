/** ctr namespaces. */
import * as sys from "../../machine/sys.ts";
import { flag } from "./cli.ts";
import { type Command, CtrError, K8S, label, labelText, logError, on, printList, table } from "./ctr-context.ts";

const NAME = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/;

/** Why a namespace cannot be used; undefined when it can. */
export function badNamespace(name: string): string | undefined {
  if (name === "") return "namespace is required: failed precondition";
  if (NAME.test(name)) return undefined;
  return `namespace validation: identifier ${JSON.stringify(name)} must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$: invalid argument`;
}

export const namespaces: Command = {
  names: ["namespaces", "namespace", "ns"],
  usage: "Manage namespaces",
  commands: [
    {
      names: ["create", "c"],
      usage: "Create a new namespace",
      argsUsage: "<name> [<key>=<value>]",
      description: "create a new namespace. it must be unique",
      *run(c) {
        const [name, ...words] = c.given.args;
        if (name === undefined) throw new CtrError("please specify a namespace");
        const { metadata } = c.runtime;
        if (metadata.tenants.has(name)) throw new CtrError(`namespace "${name}": already exists`);
        const bad = badNamespace(name);
        if (bad !== undefined) throw new CtrError(bad.replace(/^namespace validation: /, ""));
        label(metadata.make(name).labels, words);
        yield* sys.print(c.p, "");
      },
    },
    {
      names: ["list", "ls"],
      usage: "List namespaces",
      argsUsage: "[flags]",
      description: "list namespaces",
      flags: [flag.bool("quiet", "q", "Print only the namespace name")],
      *run(c) {
        const list = [...c.runtime.metadata.tenants].sort(([a], [b]) => (a < b ? -1 : 1));
        if (on(c, "quiet"))
          return yield* printList(
            c,
            list.map(([name]) => name),
          );
        const rows = list.map(([name, { labels }]) => [name, labelText(labels), ""]);
        yield* sys.print(c.p, table("NAME\tLABELS\t", rows, 1, 1));
      },
    },
    {
      names: ["remove", "rm"],
      usage: "Remove one or more namespaces",
      argsUsage: "<name> [<name>, ...]",
      description: "remove one or more namespaces. for now, the namespace must be empty",
      flags: [flag.bool("cgroup", "c", "Delete the namespace's cgroup")],
      *run(c) {
        for (const name of c.given.args) {
          const tenant = c.runtime.metadata.tenants.get(name);
          const holds = [
            ...(name === K8S || (tenant?.images.size ?? 0) > 0 ? ["images", "blobs"] : []),
            ...(name === K8S || (tenant?.containers.size ?? 0) > 0 ? ["containers"] : []),
            ...(name === K8S ? ['snapshots on "overlayfs" snapshotter'] : []),
          ];
          if (holds.length > 0) {
            const why = `namespace "${name}" must be empty, but it still has ${holds.join(", ")}: failed precondition`;
            yield* logError(c.p, `unable to delete ${name}`, why);
            throw new CtrError(`unable to delete ${name}: ${why}`);
          }
          c.runtime.metadata.tenants.delete(name);
          yield* sys.print(c.p, `${name}\n`);
        }
      },
    },
    {
      names: ["label"],
      usage: "Set and clear labels for a namespace",
      argsUsage: "<name> [<key>=<value>, ...]",
      description: "set and clear labels for a namespace. empty value clears the label",
      *run(c) {
        const [name, ...words] = c.given.args;
        if (name === undefined) throw new CtrError("please specify a namespace");
        const tenant = c.runtime.metadata.tenants.get(name);
        if (tenant !== undefined) label(tenant.labels, words);
        yield* sys.print(c.p, "");
      },
    },
  ],
};
