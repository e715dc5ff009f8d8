import type { ComponentChild } from "preact";
import type { MapItem, WalkRequest } from "../../../../engine/index.ts";
import { t } from "../../i18n.ts";
import { Icon } from "../../icons.tsx";
import { CommandButtons } from "../command.tsx";
import type { LabSession } from "../session.ts";
import { machineTrouble } from "./map.tsx";
import { commandsFor, type MapView, portText } from "./map-model.ts";
import { POD_STATES, PodMark, ROLES } from "./marks.tsx";

/** What is selected on the map: its facts, and the commands that show them. */
export function Selection({
  session,
  item,
  items,
  view,
}: {
  session: LabSession;
  item: MapItem;
  items: ReadonlyMap<string, MapItem>;
  view: MapView;
}) {
  return (
    <section class="selection" aria-label={t("mapSelected", { name: item.name })}>
      <header>
        <h3>
          {item.kind === "machine"
            ? item.name
            : `${item.kind === "pod" ? "Pod" : "Service"} ${item.namespace}/${item.name}`}
        </h3>
        <button
          type="button"
          class="picture-button"
          aria-label={t("dismiss")}
          title={t("dismiss")}
          onClick={() => {
            view.selected.value = undefined;
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <dl>
        {factsOf(item, items, view).map(([name, fact]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
      <WalkLinks session={session} item={item} />
      {commandsFor(item, session.pictures.cluster.value).map((command) => (
        <div class="command one-line" key={command}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls. */}
          <pre tabIndex={0}>
            <code>{command}</code>
          </pre>
          <CommandButtons session={session} command={command} machine="workstation" />
        </div>
      ))}
    </section>
  );
}

/** From the map to the packet's picture, with one end filled in. */
function WalkLinks({ session, item }: { session: LabSession; item: MapItem }) {
  const go = (part: Partial<WalkRequest>) => {
    session.pictures.walkForm.value = { ...session.pictures.walkForm.value, ...part };
    session.pictures.showPicture("packet");
  };
  const to = item.kind === "service" ? `${item.name}.${item.namespace}` : item.address;
  const port = item.kind === "service" ? (item.ports[0]?.port ?? 80) : item.kind === "machine" ? 22 : 80;
  if (to === "" || (item.kind === "service" && !/^\d/.test(item.clusterIP))) return null;
  return (
    <p class="walk-links">
      {item.kind !== "service" && (
        <button type="button" class="link" onClick={() => go({ from: item.key })}>
          {t("walkFromHere")}
        </button>
      )}
      <button type="button" class="link" onClick={() => go({ to, port })}>
        {t("walkToHere")}
      </button>
    </p>
  );
}

/** A name on the map that leads to it. */
function Link({ to, items, view }: { to: string; items: ReadonlyMap<string, MapItem>; view: MapView }) {
  const item = items.get(to);
  if (item === undefined) return <>{to.split("/").at(-1)}</>;
  return (
    <button
      type="button"
      class="link"
      onClick={() => {
        view.selected.value = to;
      }}
    >
      {item.name}
    </button>
  );
}

function factsOf(item: MapItem, items: ReadonlyMap<string, MapItem>, view: MapView): [string, ComponentChild][] {
  const link = (to: string) => <Link to={to} items={items} view={view} />;
  switch (item.kind) {
    case "machine":
      return [
        [t("mapRole"), t(ROLES[item.role])],
        [t("mapAddress"), item.address],
        ...(item.state === "none" ? [] : ([[t("mapState"), machineTrouble(item) ?? "Ready"]] as [string, string][])),
        ...(item.taints.length > 0 ? ([["taint", item.taints.join(", ")]] as [string, string][]) : []),
      ];
    case "pod":
      return [
        [
          t("mapState"),
          <span class={`pod-${item.state}`}>
            <PodMark state={item.state} /> {item.status === t(POD_STATES[item.state]) ? "" : t(POD_STATES[item.state])}{" "}
            {item.status}
          </span>,
        ],
        [t("mapReady"), item.ready],
        [t("mapRestarts"), item.restarts],
        [t("mapNode"), item.node ? link(`machine/${item.node}`) : t("mapUnscheduled")],
        ["IP", item.address || "–"],
        [t("mapOwner"), item.owner ? `${item.owner.kind}/${item.owner.name}` : t("mapNoOwner")],
      ];
    case "service":
      return [
        [t("mapType"), item.type],
        [t("mapAddress"), [item.clusterIP, ...item.external].filter(Boolean).join(", ") || "–"],
        [t("mapPorts"), item.ports.map(portText).join(", ") || "–"],
        [
          t("mapEndpointsTitle"),
          item.endpoints.length === 0
            ? t("mapNoEndpoints")
            : item.endpoints.map(({ address, pod, state }, i) => (
                <span key={address}>
                  {i > 0 ? ", " : ""}
                  {address}
                  {pod ? <> ({link(pod)})</> : ""}
                  {state === "ready" ? "" : ` ▲ ${state}`}
                </span>
              )),
        ],
      ];
  }
}
