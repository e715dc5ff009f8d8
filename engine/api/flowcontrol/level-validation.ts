import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { forbidden, invalid, notSupported, required } from "../validation/field.ts";

/** PriorityLevelConfigurations: what they begin with and what they may say (pkg/apis/flowcontrol). */

const DEFAULTS = { shares: 30, handSize: 8, queues: 64, queueLengthLimit: 50 };
const MOST_QUEUES = 10_000_000;
/** Bits that a flow's hash has for dealing it a hand of queues (apiserver pkg/util/shufflesharding). */
const HASH_BITS = 60;
const NOT_NEGATIVE = "must be a non-negative integer";

export function defaultPriorityLevel({ spec }: Draft): void {
  const { exempt, limited } = spec ?? {};
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= DEFAULTS.shares;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.queues ||= DEFAULTS.queues;
  queuing.handSize ||= DEFAULTS.handSize;
  queuing.queueLengthLimit ||= DEFAULTS.queueLengthLimit;
}

export function validatePriorityLevel({ metadata, spec = {} }: KubeObject): StatusCause[] {
  const { type = "", exempt, limited } = spec;
  const causes: StatusCause[] = [];
  if ((metadata.name === "exempt") !== (type === "Exempt"))
    causes.push(invalid("spec.type", type, "type must be 'Exempt' if and only if name is 'exempt'"));
  if (type === "Exempt") {
    if (limited) causes.push(forbidden("spec.limited", "must be nil if the type is not Limited"));
    if (exempt) causes.push(...shares(exempt, "spec.exempt"), ...lendable(exempt, "spec.exempt"));
  } else if (type === "Limited") {
    if (exempt) causes.push(forbidden("spec.exempt", "must be nil if the type is Limited"));
    if (limited) causes.push(...validateLimited(limited));
    else causes.push(required("spec.limited", "must not be empty when type is Limited"));
  } else causes.push(notSupported("spec.type", type, ["Exempt", "Limited"]));
  return causes;
}

function shares({ nominalConcurrencyShares: value = 0 }: Draft, path: string): StatusCause[] {
  return value < 0 ? [invalid(`${path}.nominalConcurrencyShares`, value, NOT_NEGATIVE)] : [];
}

function lendable({ lendablePercent: value = 0 }: Draft, path: string): StatusCause[] {
  return value < 0 || value > 100
    ? [invalid(`${path}.lendablePercent`, value, "must be between 0 and 100, inclusive")]
    : [];
}

function validateLimited(limited: Draft): StatusCause[] {
  const path = "spec.limited";
  const { type = "", queuing } = limited.limitResponse ?? {};
  const causes = shares(limited, path);
  const at = `${path}.limitResponse`;
  if (type === "Reject") {
    const detail = "must be nil if limited.limitResponse.type is not Limited";
    if (queuing) causes.push(forbidden(`${at}.queuing`, detail));
  } else if (type === "Queue") {
    if (queuing) causes.push(...validateQueuing(queuing, `${at}.queuing`));
    else causes.push(required(`${at}.queuing`, "must not be empty if limited.limitResponse.type is Limited"));
  } else causes.push(notSupported(`${at}.type`, type, ["Queue", "Reject"]));
  causes.push(...lendable(limited, path));
  const borrowed = limited.borrowingLimitPercent;
  if (borrowed < 0) causes.push(invalid(`${path}.borrowingLimitPercent`, borrowed, `if specified, ${NOT_NEGATIVE}`));
  return causes;
}

function validateQueuing({ queues = 0, handSize = 0, queueLengthLimit = 0 }: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const positive = "must be positive";
  if (queueLengthLimit <= 0) causes.push(invalid(`${path}.queueLengthLimit`, queueLengthLimit, positive));
  if (queues <= 0) causes.push(invalid(`${path}.queues`, queues, positive));
  else if (queues > MOST_QUEUES)
    causes.push(invalid(`${path}.queues`, queues, `must not be greater than ${MOST_QUEUES}`));
  const hand = (detail: string) => causes.push(invalid(`${path}.handSize`, handSize, detail));
  if (handSize <= 0) hand(positive);
  else if (handSize > queues) hand(`should not be greater than queues (${queues})`);
  else if (takesTooMuch(queues, handSize))
    hand(
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS}`,
    );
  return causes;
}

/** Whether dealing a hand of this size takes more bits than a hash has (RequiredEntropyBits). */
function takesTooMuch(deck: number, hand: number): boolean {
  let deals = 1n;
  for (let i = 0; i < hand && deals <= 1n << BigInt(HASH_BITS); i++) deals *= BigInt(deck);
  return deals > 1n << BigInt(HASH_BITS);
}
