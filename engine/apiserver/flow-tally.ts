import type { KubeObject } from "../api/types.ts";
import type { User } from "../api/user.ts";
import type { Context } from "./context.ts";
import { classified } from "./flow-control.ts";
import type { RequestInfo } from "./requestinfo.ts";
import type { ApiServer } from "./server.ts";

const GROUP = "flowcontrol.apiserver.k8s.io";

type Flow = NonNullable<ReturnType<typeof classified>>;

/** A request that is being served. */
export interface Executing {
  readonly flow: Flow;
  readonly context: Context;
  /** Virtual time, µs. */
  readonly since: number;
}

/** How many requests each priority level has let in, and which are being served. */
export class FlowTally {
  readonly executing = new Map<Context, Executing>();
  /** Since the server began, by level. */
  readonly dispatched = new Map<string, number>();
  private readonly server: ApiServer;
  private schemas: readonly KubeObject[] | undefined;
  private levels: readonly KubeObject[] | undefined;
  /** Flows of users' requests, which come again as the same values. */
  private known = new WeakMap<RequestInfo, WeakMap<User, Flow>>();

  constructor(server: ApiServer) {
    this.server = server;
  }

  /** The levels that there are, by name. */
  get priorityLevels(): readonly KubeObject[] {
    return this.all("prioritylevelconfigurations") ?? [];
  }

  begin(context: Context): void {
    const flow = this.flowOf(context);
    if (flow === undefined) return;
    const { name } = flow.level.metadata;
    this.dispatched.set(name, (this.dispatched.get(name) ?? 0) + 1);
    this.executing.set(context, { flow, context, since: this.server.kernel.now });
  }

  end(context: Context): void {
    this.executing.delete(context);
  }

  private all(resource: string): readonly KubeObject[] | undefined {
    return this.server.registry.cacheOf(GROUP, "v1", resource)?.everything();
  }

  private flowOf(context: Context): Flow | undefined {
    const { info, user } = context;
    const [schemas, levels] = [this.all("flowschemas"), this.all("prioritylevelconfigurations")];
    if (schemas !== this.schemas || levels !== this.levels) {
      this.schemas = schemas;
      this.levels = levels;
      this.known = new WeakMap();
    }
    let flows = this.known.get(info);
    if (flows === undefined) this.known.set(info, (flows = new WeakMap()));
    let flow = flows.get(user);
    if (flow === undefined) {
      flow = classified(context);
      if (flow !== undefined) flows.set(user, flow);
    }
    return flow;
  }
}
