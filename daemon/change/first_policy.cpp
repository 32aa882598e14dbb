#include "daemon/change/first_policy.h"

#include <spdlog/spdlog.h>

#include <iostream>

#include "daemon/text_file.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

std::optional<Policy> read_policy(const std::string& path, FirstPolicy& first) {
  auto text = read_text_file(path, max_policy_bytes);
  if (!text) {
    first.diagnostics.push_back(text.error().message);
    return std::nullopt;
  }
  LoadedPolicy loaded = load_policy(*text, path);
  first.text = {std::move(*text), path};
  for (const Diagnostic& diagnostic : loaded.diagnostics) first.diagnostics.push_back(to_string(diagnostic));
  return std::move(loaded.policy);
}

}  // namespace

std::optional<FirstPolicy> first_policy(const std::string& path,
                                        const std::optional<PolicyHistory>& history) {
  FirstPolicy first;
  std::optional<Policy> policy = read_policy(path, first);
  for (const std::string& line : first.diagnostics) std::cerr << line << '\n';
  if (!policy && history && !history->entries().empty()) {
    const PastPolicy& last = history->entries().back();
    const std::string name = "policy " + std::to_string(last.number) + " of the history";
    spdlog::critical("{} is refused: the last known good policy comes into force instead, {}", path, name);
    first.text = {history->text(last.number), name};
    first.source = PolicySource::last_known_good;
    policy = load_policy(first.text.text, name).policy;
  }
  if (!policy) return std::nullopt;
  first.policy = std::move(*policy);
  return first;
}

}  // namespace vpcwall
