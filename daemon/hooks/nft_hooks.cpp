#include "daemon/hooks/nft_hooks.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace vpcwall {
namespace {

// Without IPv6 in the kernel there is no IPv6 packet to take, and its tables may be unknown.
void leave_out_what_is_not_here(std::vector<NftTable>& tables) {
  if (access("/proc/thread-self/net/if_inet6", F_OK) == 0) return;
  std::erase_if(tables, [](const NftTable& table) { return table.family == NftFamily::ip6; });
}

// Whether `found` has the chains of `table`, with their hooks and as many rules, and no other rule.
bool is_whole(const NftTable& table, const NftFoundTable& found) {
  constexpr std::uint32_t dormant = 1;
  if ((found.flags & dormant) != 0) return false;
  return std::all_of(table.chains.begin(), table.chains.end(), [&](const NftChain& chain) {
    const auto at = found.chains.find(chain.name);
    return at != found.chains.end() && at->second.accepts && at->second.hook == chain.hook &&
           at->second.rules.size() == chain.rules.size();
  });
}

}  // namespace

NftHooks::NftHooks(QueueVerdict verdict, bool may_own)
    : verdict_(verdict), owned_(may_own && nftables_.can_own()) {}

void NftHooks::install(const HookPlan& plan) {
  require_installable(plan);
  std::vector<NftTable> tables = nft_tables(plan, verdict_);
  leave_out_what_is_not_here(tables);
  nftables_.replace(tables, owned_ ? NftOwnership::owned : NftOwnership::unowned);
  installed_ = std::move(tables);
  if (!cleaned_) nftables_.remove_earlier();
  cleaned_ = true;
}

void NftHooks::remove() {
  nftables_.remove();
  nftables_.remove_earlier();
  installed_.clear();
}

// Empty, too, where what is there is not what was installed.
StandingRules NftHooks::standing() {
  const NftFound found = nftables_.look();
  StandingRules standing;
  for (const NftTable& table : installed_) {
    const auto at = found.find(table.family);
    if (at == found.end() || !is_whole(table, at->second)) return {};
    standing.rules += to_string(table);
    standing.identities += std::to_string(at->second.handle) + ':';
    for (const auto& [name, chain] : at->second.chains) {
      standing.identities += name + ' ' + std::to_string(chain.handle);
      for (const NftFoundRule& rule : chain.rules)
        standing.identities += ' ' + std::to_string(rule.handle) + '/' + std::to_string(rule.digest);
      standing.identities += '\n';
    }
  }
  return standing;
}

std::uint64_t NftHooks::dropped_at_gates() {
  const NftFound found = nftables_.look();
  std::uint64_t packets = 0;
  if (const auto gates = found.find(NftFamily::netdev); gates != found.end())
    for (const auto& [name, chain] : gates->second.chains) packets += chain.counted;
  return packets;
}

std::string NftHooks::refusal() {
  // The bridge to iptables knows its extensions by modules of their own.
  if (verdict_ == QueueVerdict::target) {
    for (const auto& [name, revision, target] :
         {std::tuple{"NFQUEUE", 3U, true}, std::tuple{"bpf", 1U, false}})
      if (const int error = nftables_.refusal_of_extension(name, revision, target); error != 0)
        return "this kernel's nftables cannot use iptables' " + std::string(name) + ": " +
               std::strerror(error) +
               " (CONFIG_NFT_COMPAT, CONFIG_NETFILTER_XT_TARGET_NFQUEUE and CONFIG_NETFILTER_XT_MATCH_BPF, "
               "modules nft_compat, xt_NFQUEUE and xt_bpf)";
  }
  std::vector<NftTable> probe = nft_probe(verdict_);
  leave_out_what_is_not_here(probe);
  const int error = nftables_.refusal(probe);
  if (error == 0) return {};
  // The kernel does not say which word it did not know, so the same rules without that word tell.
  for (NftTable& table : probe)
    for (NftChain& chain : table.chains)
      if (chain.name == "enqueue") chain.rules = {NftRule("enqueue").accept()};
  if (verdict_ == QueueVerdict::expression && nftables_.refusal(probe) == 0)
    return "this kernel's nftables cannot queue packets (CONFIG_NFT_QUEUE, module nft_queue)";
  return std::string("nftables: ") + std::strerror(error);
}

std::string NftHooks::fast_path_refusal() {
  const int error = nftables_.refusal_of_extension("bpf", 1, false);
  if (error == 0) return {};
  return "this kernel's nftables cannot consult a BPF program: " + std::string(std::strerror(error)) +
         " (CONFIG_NFT_COMPAT and CONFIG_NETFILTER_XT_MATCH_BPF, modules nft_compat and xt_bpf)";
}

}  // namespace vpcwall
