/** Modelled µs of iptables' programs, of nft's flavour: each reads the tables it works on and writes them back. */
const EXEC = 1_000;
const SAVE_RULE = 5;
const RESTORE_RULE = 150;
/** A rule that stands in a table while others of it are written. */
const STANDING_RULE = 5;

/** Of mode ipvs: looking a virtual server and its real servers up over netlink. */
export const IPVS_SERVICE = 60;

/**
 * µs of virtual time that a sync takes: iptables-save of nat, iptables-restore of what is written into what stands
 * there, and for a full one two calls of iptables for each jump.
 * @param standing  rules in the tables; `written`: rules in the input
 */
export function syncCost(standing: number, written: number, jumps: number, cleanup: boolean): number {
  const save = cleanup ? EXEC + standing * SAVE_RULE : 0;
  return save + EXEC + standing * STANDING_RULE + written * RESTORE_RULE + jumps * 2 * EXEC;
}

/** Of mode nftables: one transaction, whose time is that of what it writes. */
const NFT_PORT = 200;

/** µs that a sync of mode nftables takes, for so many Service ports that it writes. */
export function nftCost(ports: number): number {
  return 3 * EXEC + ports * NFT_PORT;
}
