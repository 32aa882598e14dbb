#include "cli/live/live_runner.h"

#include <unistd.h>

#include <stdexcept>

#include "cli/live/live_steps.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

std::string lab_name() {
  static int number = 0;
  return "test-" + std::to_string(::getpid()) + '-' + std::to_string(number++);
}

// Scenarios that speak of the same interfaces share their wires.
std::string topology_key(const Policy& policy, Endpoints endpoints) {
  std::string key = endpoints == Endpoints::silent ? "silent" : "speaking";
  for (const Interface& interface : policy.interfaces) {
    key += ' ' + interface.name + interface.id;
    for (const Prefix& address : interface.addresses) key += ',' + to_string(address);
  }
  return key;
}

}  // namespace

bool LiveRunner::has_packets(const Scenario& scenario) noexcept {
  for (const ScenarioStep& step : scenario.steps)
    if (std::holds_alternative<PacketCheck>(step.what)) return true;
  return false;
}

LiveLab& LiveRunner::lab_for(const Scenario& scenario, Endpoints endpoints) {
  constexpr std::size_t most_labs =
      4;  // namespaces cost memory and time; the next scenarios are mostly alike
  const std::string key = topology_key(scenario.policy, endpoints);
  if (const auto found = labs_.find(key); found != labs_.end()) return *found->second;
  if (labs_.size() == most_labs) labs_.clear();
  return *labs_
              .emplace(key,
                       std::make_unique<LiveLab>(scenario.policy, lab_name(), endpoints, options_.daemon))
              .first->second;
}

ScenarioOutcome LiveRunner::run(const Scenario& scenario) {
  const auto host = host_of(scenario);
  LiveLab& lab = lab_for(scenario, host ? Endpoints::speaking : Endpoints::silent);
  std::optional<std::size_t> host_endpoint;
  for (std::size_t i = 1; host && i < lab.plan().endpoints.size(); ++i)
    if (lab.plan().endpoints[i].interface == *host) host_endpoint = i;
  lab.start_daemon(scenario.policy, options_.backend, options_.fast_path, host_endpoint);
  try {
    ScenarioOutcome outcome;
    LiveSteps steps(lab, scenario, host_endpoint, options_.fast_path);
    for (const ScenarioStep& step : scenario.steps) outcome.steps.push_back(std::visit(steps, step.what));
    answered_by_kernel_ += steps.answered_by_kernel();
    lab.stop_daemon();
    return outcome;
  } catch (...) {
    lab.stop_daemon();
    throw;
  }
}

std::optional<std::string> why_no_backend(const std::string& backend, bool fast_path,
                                          const std::string& daemon) {
  const LoadedPolicy smallest = load_policy(
      "{version: 1, vpc: {cidr: 10.0.0.0/16}, subnets: [{name: A, cidr: 10.0.0.0/24}],"
      " interfaces: [{name: a, subnet: A, addresses: [10.0.0.5]}]}",
      "built in");
  LiveLab lab(smallest.policy.value(), lab_name(), Endpoints::silent, daemon);
  try {
    lab.start_daemon(*smallest.policy, backend, fast_path, std::nullopt);
    lab.stop_daemon();
    return std::nullopt;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace vpcwall
