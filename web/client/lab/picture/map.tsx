import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { MapItem, MapMachine, MapPod, MapService, PodState } from "../../../../engine/index.ts";
import { t } from "../../i18n.ts";
import { Inline } from "../../parts.tsx";
import type { LabSession } from "../session.ts";
import { MapLines } from "./map-lines.tsx";
import {
  arrange,
  kubectlOf,
  type MachineBox,
  type MapPicture,
  type MapView,
  namespacesOf,
  type PodGroup,
} from "./map-model.ts";
import { MapTable } from "./map-table.tsx";
import { POD_STATES, PodMark, ROLES } from "./marks.tsx";
import { touchedBy } from "./names.ts";
import { Selection } from "./selection.tsx";

/** How long a change shows, ms. */
const FLASH = 400;

/** Machines with their Pods, and Services with lines to their endpoints. */
export function ClusterMap({ session }: { session: LabSession }) {
  const { map, mapView: view } = session.pictures;
  if (map.value === "none") return <p class="picture-note">{t("mapNone")}</p>;
  if (map.value === undefined) return <Waiting />;
  const { items, left } = map.value;
  const filter = view.filter.value;
  const picture = useMemo(() => arrange(items, filter), [items, filter]);
  const selected = view.selected.value === undefined ? undefined : items.get(view.selected.value);
  return (
    <div class={`map ${session.connected.value ? "" : "stale"}`}>
      {view.asTable.value ? (
        <MapTable picture={picture} />
      ) : (
        <Canvas picture={picture} view={view} items={items} session={session} />
      )}
      {left > 0 && <p class="picture-note">{t("mapLeft", { count: left })}</p>}
      {selected && <Selection session={session} item={selected} items={items} view={view} />}
    </div>
  );
}

function Waiting() {
  return (
    <div class="map map-waiting" role="status" aria-busy="true">
      <p class="visually-hidden">{t("loading")}</p>
      {[0, 1, 2].map((i) => (
        <div class="skeleton" key={i} aria-hidden="true" />
      ))}
    </div>
  );
}

/** Which namespaces to show, and the switch to the text form. */
export function MapControls({ session }: { session: LabSession }) {
  const { map, mapView: view } = session.pictures;
  if (map.value === undefined || map.value === "none") return null;
  const { filter } = view;
  const value = typeof filter.value === "string" ? filter.value : `ns:${filter.value.namespace}`;
  return (
    <div class="picture-controls">
      <select
        aria-label={t("mapNamespaces")}
        title={t("mapNamespaces")}
        value={value}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          filter.value = chosen === "own" || chosen === "all" ? chosen : { namespace: chosen.slice(3) };
        }}
      >
        <option value="own">{t("mapOwn")}</option>
        <option value="all">{t("mapAll")}</option>
        {namespacesOf(map.value.items).map((namespace) => (
          <option key={namespace} value={`ns:${namespace}`}>
            {namespace}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="picture-button"
        aria-pressed={view.asTable.value}
        onClick={() => {
          view.asTable.value = !view.asTable.value;
        }}
      >
        {t("mapTable")}
      </button>
      <Legend picture={arrange(map.value.items, filter.value)} />
    </div>
  );
}

interface CanvasProps {
  picture: MapPicture;
  view: MapView;
  items: ReadonlyMap<string, MapItem>;
  session: LabSession;
}

function Canvas({ picture, view, items, session }: CanvasProps) {
  const root = useRef<HTMLDivElement>(null);
  const { nodes, others, waiting, services } = picture;
  const empty = waiting.length === 0 && nodes.every(({ groups }) => groups.length === 0);
  // One item is in the order of Tab; the arrow keys go on from there.
  const focus =
    view.focus.value !== undefined && items.has(view.focus.value) ? view.focus.value : nodes[0]?.machine.key;
  const { value: command } = view.command;
  const touched = useMemo(() => touchedBy(command, items), [command, items]);
  useShown(root, touched);
  const item = { view, focus, touched };
  return (
    <div class="map-scroll">
      {/* biome-ignore lint/a11y/useSemanticElements: a group of a picture's parts is no fieldset. */}
      <div
        class="map-canvas"
        ref={root}
        role="group"
        aria-label={t("mapLabel")}
        onKeyDown={(event) => moveFocus(event, root.current!, view)}
      >
        <div class="map-machines">
          {waiting.length > 0 && (
            <section class="box box-waiting" aria-label={t("mapUnscheduled")}>
              <h3>{t("mapUnscheduled")}</h3>
              <Groups groups={waiting} {...item} />
            </section>
          )}
          {nodes.map((box) => (
            <Box key={box.machine.name} box={box} {...item} />
          ))}
        </div>
        <div class="map-services">
          {services.map((service) => (
            <ServiceChip key={service.key} service={service} {...item} />
          ))}
          {services.length === 0 && <p class="quiet">{t("mapNoService")}</p>}
        </div>
        <div class="map-others">
          {others.map((machine) => (
            <MachineChip key={machine.key} machine={machine} {...item} />
          ))}
        </div>
        <MapLines canvas={root} services={services} selected={view.selected.value} drawn={session.pictures.map.value} />
      </div>
      {empty && (
        <p class="picture-note">
          <Inline text={t("mapEmpty", { kubectl: kubectlOf(session.pictures.cluster.value) })} />{" "}
          {view.filter.value === "own" && (
            <button
              type="button"
              class="link"
              onClick={() => {
                view.filter.value = "all";
              }}
            >
              {t("mapShowSystem")}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function Legend({ picture: { counts } }: { picture: MapPicture }) {
  const states = (Object.keys(POD_STATES) as PodState[]).filter((state) => counts[state]);
  if (states.length === 0) return null;
  return (
    <ul class="legend" aria-label={t("mapLegend")}>
      {states.map((state) => (
        <li key={state} class={`pod-${state}`}>
          <PodMark state={state} /> {t(POD_STATES[state])} {counts[state]}
        </li>
      ))}
    </ul>
  );
}

interface ItemProps {
  view: MapView;
  /** Key of the item that Tab leads to. */
  focus: string | undefined;
  /** Keys of what the last command spoke of. */
  touched: ReadonlySet<string>;
}

/** Brings what the last command spoke of into sight, unless somebody is busy on the map. */
function useShown(root: RefObject<HTMLElement | null>, touched: ReadonlySet<string>): void {
  const keys = [...touched].join(" ");
  useLayoutEffect(() => {
    if (root.current?.contains(document.activeElement)) return;
    root.current?.querySelector(".touched")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [keys]);
}

/** What every clickable part of the map has in common. */
function itemProps(key: string, { view, focus, touched }: ItemProps, look = "") {
  return {
    type: "button" as const,
    class: touched.has(key) ? `${look} touched` : look,
    "data-key": key,
    tabIndex: focus === key ? 0 : -1,
    "aria-pressed": view.selected.value === key,
    onFocus: () => {
      view.focus.value = key;
    },
    onClick: () => {
      view.selected.value = view.selected.value === key ? undefined : key;
    },
  };
}

/** What is wrong with a machine, in words; undefined when nothing is. */
export function machineTrouble({ state, cordoned }: MapMachine): string | undefined {
  const words = [state === "not-ready" ? "NotReady" : undefined, cordoned ? "SchedulingDisabled" : undefined];
  return words.filter((word) => word !== undefined).join(", ") || undefined;
}

function Box({ box: { machine, groups, hidden }, ...item }: { box: MachineBox } & ItemProps) {
  const trouble = machineTrouble(machine);
  return (
    <section class={`box box-${machine.state}`} aria-label={machine.name}>
      <h3>
        <button {...itemProps(machine.key, item, "box-name")}>
          <span aria-hidden="true" class={machine.state === "ready" ? "good" : "bad"}>
            {machine.state === "ready" ? "●" : "▲"}
          </span>{" "}
          {machine.name}
        </button>
        <span class="box-role">{t(ROLES[machine.role])}</span>
      </h3>
      {trouble && <p class="box-trouble">▲ {trouble}</p>}
      <Groups groups={groups} {...item} />
      {hidden > 0 && <p class="quiet">{t("mapHidden", { count: hidden })}</p>}
    </section>
  );
}

function Groups({ groups, ...item }: { groups: PodGroup[] } & ItemProps) {
  return (
    <>
      {groups.map((group) => (
        <div class="pod-group" key={`${group.namespace} ${group.kind} ${group.name}`}>
          <span class="pod-group-name" title={`${group.kind} ${group.namespace}/${group.name}`}>
            {group.name}
          </span>
          <span class="tiles">
            {group.pods.map((pod) => (
              <Tile key={pod.key} pod={pod} {...item} />
            ))}
          </span>
        </div>
      ))}
    </>
  );
}

/** `default/web-1, Running, 1/1, worker-1`. */
export const podLabel = (pod: MapPod): string =>
  `Pod ${pod.namespace}/${pod.name}, ${pod.status}, ${pod.ready}${pod.node ? `, ${pod.node}` : ""}`;

function Tile({ pod, ...item }: { pod: MapPod } & ItemProps) {
  const tile = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    tile.current?.animate(
      [
        { transform: "scale(1.5)", opacity: 0.35 },
        { transform: "none", opacity: 1 },
      ],
      {
        duration: FLASH,
        easing: "ease-out",
      },
    );
  }, [pod.state]);
  return (
    <button
      {...itemProps(pod.key, item, `tile pod-${pod.state}`)}
      ref={tile}
      aria-label={podLabel(pod)}
      title={podLabel(pod)}
    >
      <PodMark state={pod.state} />
    </button>
  );
}

function ServiceChip({ service, ...item }: { service: MapService } & ItemProps) {
  const ready = service.endpoints.filter(({ state }) => state === "ready").length + service.more;
  const total = service.endpoints.length + service.more;
  const none = ready === 0 && service.type !== "ExternalName";
  return (
    <button {...itemProps(service.key, item, `service ${none ? "service-none" : ""}`)}>
      <span class="service-name">{service.name}</span>
      <span class="service-address">
        {service.clusterIP || service.external[0]}
        {service.ports[0] ? `:${service.ports[0].port}` : ""}
        {service.ports.length > 1 ? " …" : ""}
      </span>
      <span class="service-ready">
        {none ? "▲ " : ""}
        {service.type === "ExternalName" ? service.type : t("mapEndpoints", { ready, total })}
      </span>
    </button>
  );
}

function MachineChip({ machine, ...item }: { machine: MapMachine } & ItemProps) {
  return (
    <button {...itemProps(machine.key, item, "machine-chip")}>
      {machine.name} <span class="quiet">{t(ROLES[machine.role])}</span>
    </button>
  );
}

/** Arrow keys go to the nearest item in that direction; Home and End to the first and last; Escape selects nothing. */
function moveFocus(event: KeyboardEvent, root: HTMLElement, view: MapView): void {
  const all = [...root.querySelectorAll<HTMLElement>("[data-key]")];
  const from = document.activeElement as HTMLElement;
  const at = all.indexOf(from);
  if (at < 0) return;
  let to: HTMLElement | undefined;
  switch (event.key) {
    case "ArrowRight":
      to = all[at + 1];
      break;
    case "ArrowLeft":
      to = all[at - 1];
      break;
    case "ArrowUp":
    case "ArrowDown":
      to = nearest(from, all, event.key === "ArrowDown" ? 1 : -1);
      break;
    case "Home":
      to = all[0];
      break;
    case "End":
      to = all.at(-1);
      break;
    case "Escape":
      view.selected.value = undefined;
      return;
    default:
      return;
  }
  event.preventDefault();
  to?.focus();
}

function nearest(from: HTMLElement, all: readonly HTMLElement[], direction: 1 | -1): HTMLElement | undefined {
  const box = from.getBoundingClientRect();
  let best: HTMLElement | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const each of all) {
    const other = each.getBoundingClientRect();
    const down = (other.top - box.top) * direction;
    if (down < 4) continue;
    // Straight down counts more than near to the side.
    const distance = down + 2 * Math.abs(other.left + other.width / 2 - box.left - box.width / 2);
    if (distance < least) {
      least = distance;
      best = each;
    }
  }
  return best;
}
