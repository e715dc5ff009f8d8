import { userAgent } from "../../api/build-info.ts";
import type { ApiClient } from "../../api/client.ts";
import { klog } from "../../api/klog.ts";
import { clientFromKubeconfig, RequestError } from "../../api/kubeconfig.ts";
import { StatusError } from "../../api/status.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import { decode, decodeBase64, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import { releaseOf } from "../../machine/release.ts";
import * as sys from "../../machine/sys.ts";

/** Ends kubeadm: the text, then the pointer to --v=5 unless told otherwise. */
export class KubeadmError extends Error {
  readonly status: number;
  readonly stack5: boolean;

  constructor(message: string, status = 1, stack5 = true) {
    super(message);
    this.status = status;
    this.stack5 = stack5;
  }
}

export const SECRETS: Resource = { group: "", version: "v1", resource: "secrets", kind: "Secret", namespaced: true };
export const CONFIG_MAPS: Resource = {
  group: "",
  version: "v1",
  resource: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

/** One run of kubeadm: its process, flags and words. */
export class Kubeadm {
  readonly p: Process;
  /** What this kubeadm is of: `v1.32.3`. */
  readonly release: string;
  readonly args: readonly string[];
  private readonly flags: ReadonlyMap<string, string>;

  constructor(p: Process, args: readonly string[], flags: ReadonlyMap<string, string>) {
    this.p = p;
    this.release = releaseOf(p);
    this.args = args;
    this.flags = flags;
  }

  flag(name: string): string | undefined {
    return this.flags.get(name);
  }

  on(name: string): boolean {
    return this.flags.get(name) === "true";
  }

  get agent(): string {
    return userAgent("kubeadm", this.release);
  }

  get nowMs(): number {
    return this.p.machine.kernel.wallMs;
  }

  *print(text: string): Gen {
    yield* sys.print(this.p, text);
  }

  /** A line of klog on standard error. */
  *warn(source: string, text: string): Gen {
    const line = klog(this.p.machine.kernel, this.p.nsPid, "W", source, text);
    yield* sys.printError(this.p, line.endsWith("\n") ? line : `${line}\n`);
  }

  /** Text of a file; undefined when it cannot be read. */
  read(path: string): string | undefined {
    try {
      return sys.readText(this.p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      return undefined;
    }
  }

  /** Text of bytes in base64; undefined for what is none. */
  fromBase64(text: string): string | undefined {
    const bytes = decodeBase64(text);
    return bytes && decode(bytes);
  }

  /** The client of admin.conf, or of `--kubeconfig`. */
  client(): ApiClient {
    const path = this.flag("kubeconfig") ?? "/etc/kubernetes/admin.conf";
    try {
      return clientFromKubeconfig(this.p, path, this.agent);
    } catch (error) {
      if (!isErrno(error)) throw error;
      const words = error.message.toLowerCase();
      throw new KubeadmError(`failed to load admin kubeconfig: open ${path}: ${words}`);
    }
  }

  /** Runs requests; a failure ends kubeadm in its words. */
  *ask<T>(body: () => Gen<T>): Gen<T> {
    try {
      return yield* body();
    } catch (error) {
      if (error instanceof StatusError || error instanceof RequestError) throw new KubeadmError(error.message);
      throw error;
    }
  }

  /** Runs a program of /usr/bin to its end. */
  *run(...words: readonly string[]): Gen {
    const child = yield* sys.spawn(this.p, `/usr/bin/${words[0]}`, { argv: [...words] });
    yield* sys.waitFor(this.p, child);
  }

  /** Asks whether to go on, under the name of the command; throws where the answer is not yes. */
  *confirm(action: string): Gen {
    yield* this.print(`[${action}] Are you sure you want to proceed? [y/N]: `);
    let line = "";
    while (!line.includes("\n")) {
      const bytes = yield* sys.read(this.p, 0, 1);
      if (bytes.length === 0) break;
      line += decode(bytes);
    }
    if (/^y(es)?$/i.test(line.trim())) return;
    throw new KubeadmError(
      "error execution phase preflight: won't proceed; the user didn't answer (Y|y) in order to continue",
    );
  }

  /** Reads the ConfigMap of the cluster's configuration, saying so under `tag`. */
  *configuration(tag: string, client = this.client()): Gen<KubeObject> {
    yield* this.print(
      `[${tag}] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...\n` +
        `[${tag}] Use 'kubeadm init phase upload-config --config your-config.yaml' to re-upload it.\n`,
    );
    return yield* this.ask(() => client.get(CONFIG_MAPS, "kube-system", "kubeadm-config"));
  }
}
