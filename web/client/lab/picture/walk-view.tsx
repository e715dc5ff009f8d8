import { useLayoutEffect, useRef } from "preact/hooks";
import type { WalkChain, WalkHook, WalkPicture, WalkStation } from "../../../../engine/index.ts";
import { t } from "../../i18n.ts";
import { CommandButtons } from "../command.tsx";
import type { LabSession } from "../session.ts";
import { ENDS, hexMark, listCommand, POLICY_TABLE, targetOf, walkTitle } from "./walk-model.ts";

/** Hops from left to right, with the rules met in each chain, up to where it arrived or died. */
export function WalkView({ session, walk }: { session: LabSession; walk: WalkPicture }) {
  const root = useRef<HTMLElement>(null);
  // Where it died may be far to the right.
  useLayoutEffect(
    () => root.current?.querySelector(".hook-died")?.scrollIntoView({ inline: "nearest", block: "nearest" }),
    [walk],
  );
  const { stations, end, detail, compared, chance } = walk;
  const good = end === "arrived";
  return (
    <>
      <p class="walk-summary" role="status">
        <strong>{walkTitle(walk)}</strong>{" "}
        <span class={good ? "good" : "bad"}>
          {good ? "✓" : "✕"} {t(ENDS[end], { program: detail })}
        </span>{" "}
        <span class="quiet">
          {t("packetCompared", { compared })}
          {chance ? ` · ${t("packetChance")}` : ""}
        </span>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls. */}
      <section ref={root} class="walk-scroll" tabIndex={0} aria-label={t("packetPath")}>
        <ol class="walk">
          {stations.map((station, i) => (
            <Station
              key={`${i} ${station.place.name}`}
              session={session}
              station={station}
              last={i === stations.length - 1}
              walk={walk}
            />
          ))}
        </ol>
      </section>
    </>
  );
}

function Station({
  session,
  station: { place, addresses, hooks },
  last,
  walk,
}: {
  session: LabSession;
  station: WalkStation;
  last: boolean;
  walk: WalkPicture;
}) {
  return (
    <li class="station">
      <div class={`station-box station-${place.kind}`}>
        <h3>
          <span class="quiet">{place.kind === "pod" ? "Pod" : ""}</span> {place.name}
          <span class="station-address">{addresses[0] ?? ""}</span>
        </h3>
        {(hooks.length > 0 || !last) && (
          <ol class="hooks">
            {hooks.length === 0 && <li class="quiet">{t("packetNoRules")}</li>}
            {hooks.map((hook, i) => (
              <Hook
                key={`${i} ${hook.hook}`}
                session={session}
                machine={place.kind === "machine" ? place.name : undefined}
                hook={hook}
              />
            ))}
          </ol>
        )}
        {last && <End walk={walk} />}
      </div>
    </li>
  );
}

function End({ walk: { end, detail, finally: arrived, protocol } }: { walk: WalkPicture }) {
  const good = end === "arrived";
  return (
    <div class={`walk-end ${good ? "walk-good" : "walk-bad"}`}>
      <p>
        <strong>
          {good ? "✓" : "✕"} {t(ENDS[end], { program: detail })}
        </strong>
        {!good && <> ({detail})</>}
      </p>
      <p class="mono">
        {arrived.address}
        {protocol === "icmp" ? "" : `:${arrived.port}`}
      </p>
      {good && <p class="quiet">{t("packetSeen", { address: arrived.source })}</p>}
    </div>
  );
}

/** Where a packet came to a hook from, or goes to; policies stand between Pods, not devices. */
function whence({ hook, input, output }: WalkHook): string {
  if (hook.startsWith("NetworkPolicy")) return "";
  if (input) return t("packetIn", { device: input });
  return output ? t("packetOut", { device: output }) : t("packetLocal");
}

function Hook({ session, machine, hook }: { session: LabSession; machine: string | undefined; hook: WalkHook }) {
  const { source, destination, port, mark, chains, rewritten, outcome } = hook;
  const died = outcome !== "accept";
  return (
    <li class={`hook ${died ? "hook-died" : ""}`}>
      <h4>
        {hook.hook} <span class="quiet">{whence(hook)}</span>
      </h4>
      <p class="mono quiet">
        {source} → {destination}
        {port > 0 ? `:${port}` : ""}
        {mark > 0 ? ` · ${t("packetMark", { mark: hexMark(mark) })}` : ""}
      </p>
      {chains.length === 0 ? (
        <p class="quiet">{t("packetNoRules")}</p>
      ) : (
        <ol class="chains">
          {chains.map((chain, i) => (
            <Chain key={`${i} ${chain.table} ${chain.chain}`} session={session} machine={machine} chain={chain} />
          ))}
        </ol>
      )}
      {rewritten.destination && (
        <p class="rewritten">
          {t("packetDestination")}{" "}
          <span class="mono">
            → {rewritten.destination}:{rewritten.port}
          </span>
        </p>
      )}
      {rewritten.source && (
        <p class="rewritten">
          {t("packetSource")} <span class="mono">→ {rewritten.source}</span>
        </p>
      )}
      {died && <p class="hook-verdict">✕ {outcome.toUpperCase()}</p>}
    </li>
  );
}

/** A chain: how many rules were compared, which matched, and how it was left. */
function Chain({ session, machine, chain }: { session: LabSession; machine: string | undefined; chain: WalkChain }) {
  const { table, compared, total, matched, left } = chain;
  return (
    <li class="chain">
      <details>
        <summary>
          <span class="quiet">{table}</span> <span class="mono chain-name">{chain.chain}</span>{" "}
          <span class="chain-count" title={t("packetRulesTitle", { compared, total })}>
            {t("packetRules", { compared, total })}
          </span>
          <ul>
            {matched.map(({ number, rule }) => (
              <li key={number} class="mono">
                #{number} {targetOf(rule)}
              </li>
            ))}
            {matched.length === 0 && <li class="quiet">{t("packetNone")}</li>}
            {/* A verdict stands with the rule that gave it. */}
            {/^(policy|return)/.test(left) && <li class="quiet mono">↳ {left}</li>}
          </ul>
        </summary>
        <ol class="chain-rules">
          {matched.map(({ number, rule }) => (
            <li key={number} value={number} class="mono">
              {rule}
            </li>
          ))}
        </ol>
        <div class="command one-line">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls. */}
          <pre tabIndex={0}>
            <code>{listCommand(chain)}</code>
          </pre>
          <CommandButtons
            session={session}
            command={listCommand(chain)}
            machine={table === POLICY_TABLE ? "workstation" : machine}
          />
        </div>
      </details>
    </li>
  );
}
