/** crictl port-forward: ports of the node that lead into a Pod's network. */

import { klog } from "../../api/klog.ts";
import type { Gen } from "../../kernel/index.ts";
import { CriError } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { ForwardError, type Forwarded, forwardPorts, LOCALHOST, parsePorts } from "../kubectl/forwarder.ts";
import { byId } from "./cri.ts";
import { type Crictl, type CrictlCommand, CrictlError, requireId, ShowHelp } from "./crictl-context.ts";
import { STREAMING } from "./crictl-streams.ts";

export const portForward: CrictlCommand = {
  name: "port-forward",
  usage: "Forward local port to a pod",
  argsUsage: "POD-ID [LOCAL_PORT:]REMOTE_PORT",
  flags: STREAMING,
  *run(c) {
    const [id, ...specs] = c.args;
    if (id === undefined || specs.length === 0) throw new ShowHelp();
    const runtime = yield* c.runtime();
    const prefix = "port forward: ";
    requireId(id, prefix);
    const { net } = yield* c.rpc("PortForward", "runtime", { podSandboxID: id }, prefix, function* () {
      const sandbox = byId(runtime.sandboxes.values(), id, (why) => `failed to find sandbox "${id}": ${why}`);
      if (sandbox.state !== "ready") throw new CriError("Unknown", "sandbox container is not running");
      return sandbox;
    });
    try {
      const ports: Forwarded[] = specs.map(parsePorts);
      yield* forwardPorts(forwarder(c), ports, (port) => net.network.connect(net, "127.0.0.1", port));
    } catch (error) {
      throw error instanceof ForwardError ? new CrictlError(`${prefix}${error.message}`) : error;
    }
  },
};

function forwarder(c: Crictl) {
  const texts = { out: "", err: "" };
  return {
    p: c.p,
    program: "crictl",
    addresses: [LOCALHOST],
    out: (text: string) => {
      texts.out += text;
    },
    err: (text: string) => {
      texts.err += text;
    },
    *flush(): Gen {
      yield* sys.printError(c.p, texts.err);
      yield* c.print(texts.out);
      texts.out = texts.err = "";
    },
    klog: (source: string, message: string) => `${klog(c.machine.kernel, c.p.nsPid, "E", source, message)}\n`,
  };
}
