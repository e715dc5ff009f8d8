export { type NftOutcome, nft, type OtherTables } from "./command.ts";
export { nftCommands } from "./dump.ts";
export { baseChainsOf, runBaseChain } from "./evaluate.ts";
export { nftOfIptables, ruleText as nftRuleText } from "./from-iptables.ts";
export { Nftables, type NftChain, type NftTable } from "./model.ts";
export { type PrintOptions, showRule } from "./print.ts";
