/** What each command of nerdctl does, by its path; of commands with several names, by the first. */
import type { Gen } from "../../../kernel/index.ts";
import * as attach from "./attach.ts";
import * as change from "./change.ts";
import type { Nerd } from "./context.ts";
import { create } from "./create.ts";
import * as files from "./files.ts";
import * as images from "./images.ts";
import * as inspect from "./inspect.ts";
import * as list from "./list.ts";
import { logs } from "./logs.ts";
import * as namespaces from "./namespaces.ts";
import * as networks from "./networks.ts";
import { pull } from "./references.ts";
import * as system from "./system.ts";
import * as volumes from "./volumes.ts";

type Action = (c: Nerd) => Gen;

/** Commands that ask containerd for nothing. */
export const WITHOUT_DAEMON: ReadonlySet<string> = new Set([
  "login",
  "logout",
  "build",
  "builder prune",
  "compose version",
]);

export const ACTIONS: Readonly<Record<string, Action>> = {
  attach: attach.attach,
  build: system.build,
  "builder prune": system.build,
  commit: files.commit,
  "compose version": function* (c) {
    yield* c.print(`nerdctl Compose version v${system.VERSION}\n`);
  },
  "container inspect": inspect.inspectContainer,
  "container prune": change.prune,
  cp: files.cp,
  create,
  diff: files.diff,
  events: system.events,
  exec: attach.exec,
  history: images.history,
  images: images.images,
  "image inspect": inspect.inspectImage,
  "image prune": images.prune,
  info: system.info,
  inspect: inspect.inspect,
  kill: change.kill,
  load: images.load,
  login: system.login,
  logout: system.logout,
  logs,
  "namespace create": namespaces.create,
  "namespace inspect": namespaces.inspect,
  "namespace ls": namespaces.list,
  "namespace remove": namespaces.remove,
  "namespace update": namespaces.update,
  "network create": networks.create,
  "network inspect": networks.inspect,
  "network ls": networks.list,
  "network prune": networks.prune,
  "network rm": networks.remove,
  pause: change.pauseAll,
  port: list.port,
  ps: list.ps,
  pull,
  push: images.push,
  rename: change.rename,
  restart: change.restart,
  rm: change.remove,
  rmi: images.remove,
  run: attach.run,
  save: images.save,
  start: change.start,
  stats: list.stats,
  stop: change.stop,
  "system prune": system.systemPrune,
  tag: images.tag,
  top: system.top,
  unpause: change.unpause,
  update: change.update,
  version: system.version,
  "volume create": volumes.create,
  "volume inspect": volumes.inspect,
  "volume ls": volumes.list,
  "volume prune": volumes.prune,
  "volume rm": volumes.remove,
  wait: change.waitFor,
};
