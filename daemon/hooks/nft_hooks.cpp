#include "daemon/hooks/nft_hooks.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "daemon/hooks/nft_objects.h"
#include "daemon/hooks/nft_program_rules.h"
#include "daemon/hooks/nft_rules.h"
#include "daemon/hooks/nft_session.h"

namespace vpcwall {
namespace {

// A rule that was taken out and written anew has another one.
void take_handles(nlohmann::json& value, std::string& handles) {
  if (value.is_object()) {
    if (const auto handle = value.find("handle"); handle != value.end()) {
      handles += handle->dump() + ' ';
      value.erase(handle);
    }
  }
  if (value.is_structured())
    for (nlohmann::json& part : value) take_handles(part, handles);
}

}  // namespace

void NftHooks::install(const HookPlan& plan) {
  require_installable(plan);
  const NftResult result =
      NftSession().run(render_nft(plan, nft_queue_statement(plan), nft_inet_chains(nft_table)));
  if (!result.ok) throw std::runtime_error("nft refused the hook rules: " + result.errors);
  insert_nft_program_rules(nft_program_rules(plan));
}

void NftHooks::remove() {
  NftSession session;
  // Asking first keeps a kernel without nf_tables, or a namespace without our table, untouched.
  if (!session.list("list table inet vpcwall").ok) return;
  const NftResult result = session.run(render_nft_removal());
  if (!result.ok) throw std::runtime_error("nft refused to remove the hook rules: " + result.errors);
}

StandingRules NftHooks::standing() const {
  const NftResult result = NftSession().list("list table inet " + std::string(nft_table));
  if (!result.ok) return {};
  auto table = nlohmann::json::parse(result.output, nullptr, false);
  if (table.is_discarded()) throw std::runtime_error("nft lists our table in words that are not JSON");
  StandingRules standing;
  take_handles(table, standing.identities);
  standing.rules = table.dump();
  return standing;
}

std::string NftHooks::refusal() {
  try {
    // Without a hook: when one goes, even one that was only tried, the kernel drops every packet that waits
    // in a queue of the namespace.
    HookPlan probe;
    probe.queue_count = 2;
    probe.fail_open = true;
    NftSession session;
    const NftResult result = session.check(render_nft(probe, nft_queue_statement(probe), {}));
    if (result.ok) return {};
    // The kernel does not say which word it did not know, so the same rules without that word tell.
    if (session.check(render_nft(probe, "accept", {})).ok) {
      return "this kernel's nftables cannot queue packets (CONFIG_NFT_QUEUE, module nft_queue)";
    }
    return result.errors;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::string NftHooks::fast_path_refusal() const { return nft_program_refusal(); }

}  // namespace vpcwall
