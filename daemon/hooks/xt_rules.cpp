#include "daemon/hooks/xt_rules.h"

#include <algorithm>
#include <sstream>

#include "daemon/hooks/queue_hash.h"

namespace vpcwall {
namespace {

constexpr std::string_view made_mark = "vpcwall:made=";

bool contains(const auto& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The word after `option`, without quotes, or nothing.
std::string value_of(const std::vector<std::string>& words, std::string_view option) {
  const auto at = std::find(words.begin(), words.end(), option);
  if (at == words.end() || at + 1 == words.end()) return {};
  std::string value = *(at + 1);
  std::erase(value, '"');
  return value;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (end != 0) parts.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

std::string begin() { return "*" + std::string(xt_table) + "\n"; }
constexpr std::string_view commit = "COMMIT\n";

std::string own_chain(std::string_view built_in) { return "VPCWALL-" + std::string(built_in); }
std::string declaration(std::string_view chain) { return ":" + std::string(chain) + " - [0:0]\n"; }

// Declaring a chain empties it, and a chain must be empty and unreferenced before it can go.
std::string take_out(const XtState& state) {
  std::string text;
  for (const std::string& chain : state.chains) text += declaration(chain);
  for (const std::string& jump : state.jumps) text += "-D" + jump.substr(2) + "\n";
  return text;
}

std::string out_chain(std::uint16_t device_class) {
  return std::string(xt_out_chain) + std::to_string(device_class);
}

// Where packets go that leave by the device at `index` of the plan.
std::string chain_out_of(const HookPlan& plan, std::size_t index) {
  if (!plan.fast_path || !plan.fast_path->classes.at(index)) return "VPCWALL-QUEUE";
  return out_chain(*plan.fast_path->classes.at(index));
}

std::string program_match(const HookPlan& plan, std::string_view kind, std::uint16_t device_class) {
  return "-m bpf --object-pinned " + plan.fast_path->folder + '/' + std::string(kind) +
         std::to_string(device_class);
}
std::string passes_by_program(const HookPlan& plan, std::uint16_t device_class) {
  return program_match(plan, "pass-", device_class) + " -j ACCEPT";
}

// The conditions under which a packet in `hook` is taken, and where to. By which device it leaves is asked
// first: the fast path has to know.
std::vector<std::string> matches(const HookPlan& plan, Family family, std::string_view hook) {
  std::vector<std::string> found;
  const std::string chain = plan.fast_path ? " -j VPCWALL-FAST" : " -j VPCWALL-QUEUE";
  const bool leaves = hook == (plan.mode == HookMode::host ? "OUTPUT" : "FORWARD");
  const bool arrives = hook == (plan.mode == HookMode::host ? "INPUT" : "FORWARD");
  if (leaves)
    for (std::size_t i = 0; i < plan.devices.size(); ++i)
      found.push_back("-o " + plan.devices[i] + " -j " + chain_out_of(plan, i));
  // Before anything else is asked of a packet that leaves by another device: most of them end here.
  if (plan.fast_path && (arrives || leaves)) found.push_back(passes_by_program(plan, 0));
  if (arrives)
    for (const std::string& device : plan.devices) found.push_back("-i " + device + chain);
  if (plan.mode == HookMode::host || hook != "FORWARD") return found;
  for (const Prefix& prefix : plan.guarded) {
    if (prefix.base.family != family) continue;
    found.push_back("-s " + to_string(prefix) + chain);
    found.push_back("-d " + to_string(prefix) + chain);
  }
  return found;
}

// Chains of the fast path, by the class of the device that a packet leaves by.
std::vector<std::pair<std::string, std::uint16_t>> fast_chains(const HookPlan& plan) {
  std::vector<std::pair<std::string, std::uint16_t>> chains;
  if (!plan.fast_path) return chains;
  chains.emplace_back("VPCWALL-FAST", std::uint16_t{0});
  for (const auto& device_class : plan.fast_path->classes)
    if (device_class) chains.emplace_back(out_chain(*device_class), *device_class);
  return chains;
}

std::string fast_rules(const HookPlan& plan) {
  std::string text;
  for (const auto& [chain, device_class] : fast_chains(plan)) {
    const std::string rule = "-A " + chain + ' ';
    if (device_class != 0) text += rule + passes_by_program(plan, device_class) + '\n';
    if (!plan.fail_open) text += rule + program_match(plan, "refuse-", device_class) + " -j DROP\n";
    text += rule + "-g VPCWALL-QUEUE\n";
  }
  return text;
}

// What in `hook` is left to the rules behind ours.
std::vector<std::string> passes(const HookPlan& plan, Family family, std::string_view hook) {
  std::vector<std::string> found;
  if (plan.mode != HookMode::host || hook == "FORWARD") return found;
  for (const LocalPort& port : plan.bypass) {
    found.push_back("-p " + to_string(port.protocol) + (hook == "INPUT" ? " --dport " : " --sport ") +
                    std::to_string(port.port));
  }
  if (family == Family::ipv6 && !found.empty()) {
    for (int type = 133; type <= 137; ++type)
      found.push_back("-p ipv6-icmp --icmpv6-type " + std::to_string(type));
  }
  return found;
}

std::string queue_target(std::uint32_t number, bool fail_open) {
  return " -j NFQUEUE --queue-num " + std::to_string(number) + (fail_open ? " --queue-bypass" : "") + "\n";
}

std::string hash_match(Family family, std::uint32_t seed, std::uint16_t count, std::uint16_t index) {
  return " -m bpf --bytecode \"" + to_bytecode(queue_hash_program(family, seed, count, index)) + "\"";
}

std::string queue_rules(const HookPlan& plan, Family family) {
  std::string text;
  for (std::uint16_t index = 0; index < plan.queue_count; ++index) {
    text += "-A VPCWALL-QUEUE";
    // The last queue takes what is left, so a packet too short to be hashed is judged as well.
    if (index + 1 != plan.queue_count) text += hash_match(family, plan.queue_seed, plan.queue_count, index);
    text += queue_target(static_cast<std::uint32_t>(plan.first_queue) + index, plan.fail_open);
  }
  return text;
}

}  // namespace

bool is_own_xt_chain(std::string_view name) noexcept {
  return contains(xt_own_chains, name) || name.starts_with(xt_out_chain);
}

XtState read_xt_state(std::string_view saved) {
  XtState state;
  std::istringstream lines{std::string(saved)};
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty()) continue;
    if (words.front().starts_with(':') && is_own_xt_chain(words.front().substr(1))) {
      state.chains.push_back(words.front().substr(1));
    }
    if (words.front() != "-A" || words.size() < 2) continue;
    std::string target = value_of(words, "-j");
    if (target.empty()) target = value_of(words, "-g");
    if (contains(xt_built_in_chains, words[1]) && is_own_xt_chain(target)) state.jumps.push_back(line);
    const std::string comment = value_of(words, "--comment");
    if (is_own_xt_chain(words[1]) && comment.starts_with(made_mark)) {
      state.made = split(std::string_view(comment).substr(made_mark.size()));
    }
  }
  return state;
}

std::vector<std::string> xt_hooks_needed(const HookPlan& plan, Family family) {
  std::vector<std::string> needed;
  for (const std::string_view hook : xt_built_in_chains) {
    if (!matches(plan, family, hook).empty()) needed.emplace_back(hook);
  }
  return needed;
}

std::string render_xt(const HookPlan& plan, Family family, const XtState& state,
                      const std::vector<std::string>& made) {
  const std::vector<std::string> hooks = xt_hooks_needed(plan, family);
  std::vector<std::string> chains{"VPCWALL-QUEUE", "VPCWALL-REASSEMBLE"};
  for (const auto& [chain, device_class] : fast_chains(plan)) chains.push_back(chain);
  for (const std::string& hook : hooks) chains.push_back(own_chain(hook));

  std::string text = begin();
  for (const std::string& chain : chains) {
    if (!contains(state.chains, chain)) text += declaration(chain);
  }
  text += take_out(state);
  text +=
      "-A VPCWALL-REASSEMBLE -m socket -m comment --comment " + std::string(made_mark) + join(made) + "\n";
  text += queue_rules(plan, family) + fast_rules(plan);
  for (const std::string& hook : hooks) {
    for (const std::string& match : passes(plan, family, hook)) {
      text += "-A " + own_chain(hook) + " " + match + " -j RETURN\n";
    }
    for (const std::string& match : matches(plan, family, hook)) {
      text += "-A " + own_chain(hook) + " " + match + "\n";
    }
    text += "-I " + hook + " 1 -j " + own_chain(hook) + "\n";
  }
  for (const std::string& chain : state.chains) {
    if (!contains(chains, chain)) text += "-X " + chain + "\n";
  }
  return text.append(commit);
}

std::string render_xt_removal(const XtState& state) {
  std::string text = begin() + take_out(state);
  for (const std::string& chain : state.chains) text += "-X " + chain + "\n";
  return text.append(commit);
}

std::string render_xt_probe(Family family) {
  std::string text = begin() + declaration("VPCWALL-PROBE");
  text += "-A VPCWALL-PROBE -m socket -m comment --comment vpcwall" + hash_match(family, 1, 2, 0);
  text += queue_target(0, true);
  return text.append(commit);
}

std::string render_xt_probe_removal() {
  std::string text = begin() + declaration("VPCWALL-PROBE") + "-X VPCWALL-PROBE\n";
  return text.append(commit);
}

}  // namespace vpcwall
