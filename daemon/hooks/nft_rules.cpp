#include "daemon/hooks/nft_rules.h"

#include <algorithm>
#include <utility>

namespace vpcwall {
namespace {

class Chains {
 public:
  void add(const std::string& name, const std::vector<std::string>& rules) {
    names_.push_back(name);
    text_ += "  chain " + name + " {\n";
    for (const std::string& rule : rules) text_ += "    " + rule + "\n";
    text_ += "  }\n";
  }
  // Nothing for a hook that takes no packet.
  void add_hook(const std::string& hook, std::vector<std::string> rules) {
    if (rules.empty()) return;
    rules.insert(rules.begin(), "type filter hook " + hook + " priority security; policy accept;");
    add(hook, rules);
  }

  [[nodiscard]] bool has(const std::string& name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::vector<std::string> names_;
  std::string text_;
};

std::string device_match(const std::string& key, const std::string& device) {
  return key + " \"" + device + "\"";
}

std::string out_chain(std::uint16_t device_class) { return "out-" + std::to_string(device_class); }

// By which device a packet leaves is asked first: the fast path has to know.
void add_leaving(std::vector<std::string>& rules, const HookPlan& plan) {
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    const auto device_class = plan.fast_path ? plan.fast_path->classes.at(i) : std::optional<std::uint16_t>{};
    rules.push_back(device_match("oifname", plan.devices[i]) + " goto " +
                    (device_class ? out_chain(*device_class) : "enqueue"));
  }
}

// Before anything else is asked of a packet that leaves by another device: most of them end here.
void add_passed(std::vector<std::string>& rules, const HookPlan& plan) {
  if (plan.fast_path) rules.emplace_back("jump passed");
}

std::string judged(const HookPlan& plan) { return plan.fast_path ? " goto fast" : " goto enqueue"; }

void add_arriving(std::vector<std::string>& rules, const HookPlan& plan) {
  for (const std::string& device : plan.devices)
    rules.push_back(device_match("iifname", device) + judged(plan));
}

// One rule per range: ranges in one set must not overlap, and nothing forbids that here.
void add_guarded(std::vector<std::string>& rules, const HookPlan& plan) {
  for (const Prefix& prefix : plan.guarded) {
    const std::string family = prefix.base.family == Family::ipv4 ? "ip" : "ip6";
    rules.push_back(family + " saddr " + to_string(prefix) + judged(plan));
    rules.push_back(family + " daddr " + to_string(prefix) + judged(plan));
  }
}

void add_bypass(std::vector<std::string>& rules, const HookPlan& plan, const std::string& port_key) {
  for (const LocalPort& port : plan.bypass)
    rules.push_back(std::string(to_string(port.protocol)) + ' ' + port_key + ' ' + std::to_string(port.port) +
                    " return");
  if (!plan.bypass.empty()) rules.emplace_back("icmpv6 type 133-137 return");
}

void add_fast_path(Chains& chains, const HookPlan& plan) {
  if (!plan.fast_path) return;
  chains.add("passed", {});
  chains.add("fast", {"goto enqueue"});
  for (const auto& device_class : plan.fast_path->classes)
    if (device_class) chains.add(out_chain(*device_class), {"goto enqueue"});
}

}  // namespace

std::string nft_queue_statement(const HookPlan& plan) {
  std::string text = "queue";
  if (plan.fail_open) text += " flags bypass";
  if (plan.queue_count == 1) return text + " to " + std::to_string(plan.first_queue);
  // symhash is over addresses and ports and the same in both directions.
  return text + " to symhash mod " + std::to_string(plan.queue_count) + " offset " +
         std::to_string(plan.first_queue);
}

std::string render_nft_removal() {
  // "add" first, because deleting a table that is not there would fail the transaction.
  return "add table inet vpcwall\ndelete table inet vpcwall\n";
}

std::string render_nft(const HookPlan& plan, const std::string& last_word,
                       const std::vector<std::string>& present) {
  Chains chains;
  chains.add("reassemble", {"meta l4proto udp tproxy to :1"});
  chains.add("enqueue", {last_word});
  add_fast_path(chains, plan);
  if (plan.mode == HookMode::router) {
    std::vector<std::string> forward;
    add_leaving(forward, plan);
    add_passed(forward, plan);
    add_arriving(forward, plan);
    add_guarded(forward, plan);
    chains.add_hook("forward", std::move(forward));
  } else {
    std::vector<std::string> input, output;
    add_bypass(input, plan, "dport");
    add_passed(input, plan);
    add_arriving(input, plan);
    add_bypass(output, plan, "sport");
    add_leaving(output, plan);
    chains.add_hook("input", std::move(input));
    chains.add_hook("output", std::move(output));
  }
  std::string text = "add table inet vpcwall\nflush table inet vpcwall\n";
  for (const std::string& chain : present)
    if (!chains.has(chain)) text += "delete chain inet vpcwall " + chain + '\n';
  return text + "table inet vpcwall {\n" + chains.text() + "}\n";
}

std::vector<NftProgramRule> nft_program_rules(const HookPlan& plan) {
  std::vector<NftProgramRule> rules;
  if (!plan.fast_path) return rules;
  const auto consult = [&](const std::string& chain, const char* kind, std::uint16_t device_class) {
    rules.push_back({chain, plan.fast_path->folder + '/' + kind + '-' + std::to_string(device_class),
                     std::string_view(kind) == "pass"});
  };
  // While it fails open, what was refused may pass as soon as nobody reads the queues.
  if (!plan.fail_open) consult("fast", "refuse", 0);
  consult("passed", "pass", 0);
  for (const auto& device_class : plan.fast_path->classes) {
    if (!device_class) continue;
    if (!plan.fail_open) consult(out_chain(*device_class), "refuse", *device_class);
    consult(out_chain(*device_class), "pass", *device_class);
  }
  return rules;
}

}  // namespace vpcwall
