#include "daemon/hooks/nft_hooks.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "daemon/hooks/nft_session.h"
#include "fast_path/layout.h"

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

std::string hexadecimal(std::uint32_t number) {
  std::array<char, 11> text{};
  std::snprintf(text.data(), text.size(), "0x%08x", number);
  return text.data();
}

std::string set_of(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const std::uint32_t number : numbers) text += (text.empty() ? "{ " : ", ") + std::to_string(number);
  return text + " }";
}

// The rules that go by the mark of a packet.
class MarkRules {
 public:
  explicit MarkRules(const FastPathRules& rules)
      : rules_(rules), marks_(*rules.marks), ours_(0xffU << marks_.first_bit) {}

  [[nodiscard]] std::string entry() const {
    return "meta mark & " + hexadecimal(ours_) + " != 0 jump answered";
  }

  [[nodiscard]] std::string chains() const {
    const std::string take_off = "meta mark set meta mark & " + hexadecimal(~ours_);
    std::string answers, ways;
    add_class(answers, ways, 0, marks_.leaving.empty() ? "" : "oif != " + set_of(marks_.leaving) + ' ');
    for (std::size_t i = 0; i < marks_.leaving.size(); ++i)
      if (const auto device_class = rules_.classes.at(i))
        add_class(answers, ways, *device_class, "oif " + std::to_string(marks_.leaving[i]) + ' ');
    return "  chain pass {\n    " + take_off + " accept\n  }\n" + ways + "  chain answered {\n" +
           "    iif != " + set_of(marks_.arriving) + ' ' + take_off + " return\n" + "    meta mark & " +
           hexadecimal(ours_) + " vmap { " + answers + " }\n  }\n";
  }

 private:
  void add_class(std::string& answers, std::string& ways, std::uint16_t number,
                 const std::string& leaves) const {
    for (const bool passes : {true, false}) {
      const std::string chain = (passes ? "pass-" : "refuse-") + std::to_string(number);
      const std::uint32_t answer = (passes ? +fast_path::passes_to : +fast_path::refused_to) + number;
      answers += (answers.empty() ? "" : ", ") + hexadecimal(answer << marks_.first_bit) + " : goto " + chain;
      ways += "  chain " + chain + " {\n    " + leaves + (passes ? "goto pass" : "drop") + "\n  }\n";
    }
  }

  const FastPathRules& rules_;
  const ArrivalMarks& marks_;
  std::uint32_t ours_;
};

void add_chain(std::string& text, const std::string& hook, const std::vector<std::string>& matches,
               const std::vector<std::string>& passed = {}, const std::string& first = {}) {
  text += "  chain " + hook + " {\n    type filter hook " + hook + " priority security; policy accept;\n";
  for (const std::string& match : passed) text += "    " + match + " return\n";
  if (!first.empty()) text += "    " + first + '\n';
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
  std::string by_mark;
  if (plan.fast_path && plan.fast_path->marks && !plan.fast_path->marks->arriving.empty()) {
    const MarkRules rules(*plan.fast_path);
    by_mark = rules.entry();
    text += rules.chains();
  }
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
    add_chain(text, "forward", matches, {}, by_mark);
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
    add_chain(text, "input", arriving, to_bypass, by_mark);
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

// A packet to be translated has another tuple at its device than at the hook.
std::string NftHooks::fast_path_refusal() const {
  const auto refuse = [](const std::string& where) {
    return "addresses are translated here (" + where +
           "), and rules of nft cannot consult a BPF program behind that; choose backend: xt";
  };
  for (const char* const names : {"ip_tables_names", "ip6_tables_names"}) {
    std::ifstream file(std::string("/proc/thread-self/net/") + names);
    for (std::string name; file >> name;)
      if (name == "nat") return refuse("table nat of iptables-legacy");
  }
  const NftResult listed = NftSession().list("list chains");
  if (!listed.ok) return listed.errors;
  const auto json = nlohmann::json::parse(listed.output, nullptr, false);
  if (json.is_discarded() || !json.contains("nftables")) return "nft lists its chains in an unknown form";
  for (const auto& object : json["nftables"]) {
    const auto chain = object.find("chain");
    if (chain == object.end() || chain->value("type", "") != "nat") continue;
    return refuse("chain " + chain->value("family", "") + ' ' + chain->value("table", "") + ' ' +
                  chain->value("name", ""));
  }
  return {};
}

}  // namespace vpcwall
