#include "daemon/hooks/nft_hooks.h"

#include <stdexcept>

#include "daemon/hooks/nft_session.h"

namespace vpcwall {
namespace {

// "add" first, because deleting a table that is not there would fail the transaction.
constexpr std::string_view clear_table = "add table inet vpcwall\ndelete table inet vpcwall\n";

std::string queue_statement(const HookPlan& plan) {
  std::string text = "queue";
  if (plan.fail_open) text += " flags bypass";
  if (plan.queue_count == 1) return text + " to " + std::to_string(plan.first_queue);
  // symhash is over addresses and ports and the same in both directions.
  return text + " to symhash mod " + std::to_string(plan.queue_count) + " offset " +
         std::to_string(plan.first_queue);
}

void add_chain(std::string& text, const std::string& hook, const std::vector<std::string>& matches,
               const std::vector<std::string>& passed = {}) {
  text += "  chain " + hook + " {\n    type filter hook " + hook + " priority security; policy accept;\n";
  for (const std::string& match : passed) text += "    " + match + " return\n";
  for (const std::string& match : matches) text += "    " + match + " goto enqueue\n";
  text += "  }\n";
}

std::string device_match(const std::string& key, const std::string& device) {
  return key + " \"" + device + "\"";
}

std::string render(const HookPlan& plan, const std::string& last_word) {
  std::string text(clear_table);
  text += "table inet vpcwall {\n";
  text += "  chain reassemble {\n    meta l4proto udp tproxy to :1\n  }\n";
  text += "  chain enqueue {\n    " + last_word + "\n  }\n";
  if (plan.mode == HookMode::router) {
    std::vector<std::string> matches;
    // One rule per range: ranges in one set must not overlap, and nothing forbids that here.
    for (const Prefix& prefix : plan.guarded) {
      const std::string family = prefix.base.family == Family::ipv4 ? "ip" : "ip6";
      matches.push_back(family + " saddr " + to_string(prefix));
      matches.push_back(family + " daddr " + to_string(prefix));
    }
    for (const std::string& device : plan.devices) {
      matches.push_back(device_match("iifname", device));
      matches.push_back(device_match("oifname", device));
    }
    add_chain(text, "forward", matches);
  } else {
    std::vector<std::string> arriving, leaving;
    for (const std::string& device : plan.devices) {
      arriving.push_back(device_match("iifname", device));
      leaving.push_back(device_match("oifname", device));
    }
    std::vector<std::string> to_bypass, from_bypass;
    for (const LocalPort& port : plan.bypass) {
      const std::string protocol = to_string(port.protocol);
      to_bypass.push_back(protocol + " dport " + std::to_string(port.port));
      from_bypass.push_back(protocol + " sport " + std::to_string(port.port));
    }
    for (auto* chain : {&to_bypass, &from_bypass})
      if (!chain->empty()) chain->emplace_back("icmpv6 type 133-137");
    add_chain(text, "input", arriving, to_bypass);
    add_chain(text, "output", leaving, from_bypass);
  }
  return text + "}\n";
}

}  // namespace

std::string render_nft(const HookPlan& plan) { return render(plan, queue_statement(plan)); }

void NftHooks::install(const HookPlan& plan) {
  require_installable(plan);
  const NftResult result = NftSession().run(render_nft(plan));
  if (!result.ok) throw std::runtime_error("nft refused the hook rules: " + result.errors);
}

void NftHooks::remove() {
  NftSession session;
  // Asking first keeps a kernel without nf_tables, or a namespace without our table, untouched.
  if (!session.list("list table inet vpcwall").ok) return;
  const NftResult result = session.run(std::string(clear_table));
  if (!result.ok) throw std::runtime_error("nft refused to remove the hook rules: " + result.errors);
}

std::string NftHooks::refusal() {
  try {
    HookPlan probe;
    probe.guarded = {Prefix{}};
    probe.queue_count = 2;
    probe.fail_open = true;
    NftSession session;
    const NftResult result = session.check(render_nft(probe));
    if (result.ok) return {};
    // The kernel does not say which word it did not know, so the same rules without that word tell.
    if (session.check(render(probe, "accept")).ok) {
      return "this kernel's nftables cannot queue packets (CONFIG_NFT_QUEUE, module nft_queue)";
    }
    return result.errors;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::string NftHooks::fast_path_refusal() const {
  return "rules of nft cannot consult a BPF program; choose backend: xt";
}

}  // namespace vpcwall
