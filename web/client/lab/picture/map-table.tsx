import { t } from "../../i18n.ts";
import { machineTrouble } from "./map.tsx";
import type { MapPicture } from "./map-model.ts";
import { portText } from "./map-model.ts";
import { ROLES } from "./marks.tsx";

/** The map as text: the same facts in three tables. */
export function MapTable({ picture: { nodes, others, waiting, services } }: { picture: MapPicture }) {
  const pods = [...waiting, ...nodes.flatMap(({ groups }) => groups)].flatMap(({ kind, name, pods: own }) =>
    own.map((pod) => ({ pod, owner: kind === "Pod" ? "" : `${kind}/${name}` })),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
    <div class="map-tables" tabIndex={0}>
      <table>
        <caption>{t("mapMachines")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("mapName")}</th>
            <th scope="col">{t("mapRole")}</th>
            <th scope="col">{t("mapAddress")}</th>
            <th scope="col">{t("mapState")}</th>
          </tr>
        </thead>
        <tbody>
          {[...nodes.map(({ machine }) => machine), ...others].map((machine) => (
            <tr key={machine.key}>
              <th scope="row">{machine.name}</th>
              <td>{t(ROLES[machine.role])}</td>
              <td>{machine.address}</td>
              <td>{machine.state === "none" ? "–" : (machineTrouble(machine) ?? "Ready")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <caption>Pod</caption>
        <thead>
          <tr>
            <th scope="col">{t("mapName")}</th>
            <th scope="col">{t("mapState")}</th>
            <th scope="col">{t("mapReady")}</th>
            <th scope="col">{t("mapNode")}</th>
            <th scope="col">IP</th>
            <th scope="col">{t("mapOwner")}</th>
          </tr>
        </thead>
        <tbody>
          {pods.map(({ pod, owner }) => (
            <tr key={pod.key}>
              <th scope="row">
                {pod.namespace}/{pod.name}
              </th>
              <td>{pod.status}</td>
              <td>{pod.ready}</td>
              <td>{pod.node || "–"}</td>
              <td>{pod.address || "–"}</td>
              <td>{owner || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <caption>Service</caption>
        <thead>
          <tr>
            <th scope="col">{t("mapName")}</th>
            <th scope="col">{t("mapType")}</th>
            <th scope="col">{t("mapAddress")}</th>
            <th scope="col">{t("mapPorts")}</th>
            <th scope="col">{t("mapEndpointsTitle")}</th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <tr key={service.key}>
              <th scope="row">
                {service.namespace}/{service.name}
              </th>
              <td>{service.type}</td>
              <td>{service.clusterIP || service.external.join(", ") || "–"}</td>
              <td>{service.ports.map(portText).join(", ") || "–"}</td>
              <td>
                {service.endpoints
                  .map(({ address, state }) => (state === "ready" ? address : `${address} (${state})`))
                  .join(", ") || "–"}
                {service.more > 0 ? ` +${service.more}` : ""}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
