#include "cli/live/live_lab.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/control/control_client.h"
#include "cli/lab/lab_daemon.h"
#include "cli/lab/link_setup.h"
#include "cli/lab/network_namespace.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

// Every address that no endpoint has belongs to the internet, the VPC's own services included: a packet to
// them is forwarded, and so it is judged.
LabPlan open_plan(const Policy& topology, const std::string& name) {
  LabPlan plan = make_lab_plan(topology, name);
  plan.vpc_ranges.clear();
  for (LabEndpoint& endpoint : plan.endpoints) endpoint.router_addresses.clear();
  return plan;
}

std::vector<KernelSetting> silent_settings() {
  std::vector<KernelSetting> settings = endpoint_settings();
  for (KernelSetting& setting : settings)
    if (setting.path.ends_with("disable_ipv6")) setting.value = "1";
  return settings;
}

void apply(const std::vector<KernelSetting>& settings) {
  for (const KernelSetting& setting : settings)
    if (!write_setting(setting.path, setting.value) && !setting.optional)
      throw std::runtime_error("this kernel has no setting net/" + setting.path);
}

}  // namespace

LiveLab::LiveLab(const Policy& topology, const std::string& name, Endpoints endpoints,
                 const std::string& daemon) {
  record_.plan = open_plan(topology, name);
  record_.program = daemon.empty() ? find_daemon() : std::filesystem::absolute(daemon).string();
  const LabPaths paths = lab_paths(name);
  record_.policy = paths.policy;
  {
    const OwnedDescriptor lock = lock_labs();
    std::filesystem::create_directory(paths.directory);
    write_record(record_);
  }
  try {
    const LabPlan& plan = record_.plan;
    run_ip({}, namespace_commands(plan));
    inside_namespace(plan.router_namespace, [] { apply(router_settings()); });
    const bool silent = endpoints == Endpoints::silent;
    for (const LabEndpoint& endpoint : plan.endpoints)
      inside_namespace(endpoint.network_namespace,
                       [&] { apply(silent ? silent_settings() : endpoint_settings()); });
    run_ip(plan.router_namespace, router_commands(plan));
    for (const LabEndpoint& endpoint : plan.endpoints) {
      run_ip(endpoint.network_namespace,
             silent ? std::string("link set lo up\nlink set ") + std::string(endpoint_device) + " up\n"
                    : endpoint_commands(endpoint));
      inside_namespace(endpoint.network_namespace, [&] {
        at_endpoint_.push_back(
            std::make_unique<PacketPort>(std::string(endpoint_device), parse_mac(endpoint.router_mac)));
      });
      inside_namespace(plan.router_namespace, [&] {
        at_router_.push_back(std::make_unique<PacketPort>(endpoint.router_device, parse_mac(endpoint.mac)));
      });
    }
  } catch (...) {
    take_down(name);
    throw;
  }
}

LiveLab::~LiveLab() {
  try {
    take_down(record_.plan.name);
  } catch (const std::exception& error) {
    // The record stays, and `lab down` can try again.
    std::cerr << "vpcwall: lab " << record_.plan.name << " is left: " << error.what() << '\n';
  }
}

void LiveLab::route(const IpAddress& destination, std::size_t endpoint) {
  const LabEndpoint& to = record_.plan.endpoints.at(endpoint);
  const bool ipv4 = destination.family == Family::ipv4;
  run_ip(record_.plan.router_namespace, "route replace " + to_string(host_prefix(destination)) + " via " +
                                            (ipv4 ? "169.254.0.2" : "fe80::2") + " dev " + to.router_device +
                                            " onlink\n");
}

void LiveLab::restore_route(const IpAddress& destination) {
  for (std::size_t i = 0; i < record_.plan.endpoints.size(); ++i)
    for (const Prefix& address : record_.plan.endpoints[i].addresses)
      if (address == host_prefix(destination)) {
        route(destination, i);
        return;
      }
  run_ip(record_.plan.router_namespace, "route delete " + to_string(host_prefix(destination)) + '\n');
}

void LiveLab::start_daemon(const Policy& policy, const std::string& backend, bool fast_path,
                           std::optional<std::size_t> host) {
  const LabPaths paths = lab_paths(record_.plan.name);
  write_whole_file(paths.policy, emit_policy(policy));
  LabRecord where = record_;
  const auto guarded = [&](const LabEndpoint& endpoint) {
    return std::any_of(policy.interfaces.begin(), policy.interfaces.end(), [&](const Interface& one) {
      return (one.name.empty() ? one.id : one.name) == endpoint.interface;
    });
  };
  for (LabEndpoint& endpoint : where.plan.endpoints)
    if (!guarded(endpoint)) endpoint.interface.clear();
  LabDaemonSettings settings;
  settings.backend = backend;
  settings.fast_path = fast_path ? "required" : "off";
  settings.queues = 1;  // packets are judged in the order in which they are sent
  settings.uplink = where.plan.endpoints.front().router_device;
  settings.services = where.plan.endpoints.at(services_of(where.plan)).router_device;
  if (host) {
    const LabEndpoint endpoint = where.plan.endpoints.at(*host);
    where.plan.router_namespace = endpoint.network_namespace;
    where.plan.endpoints = {endpoint};
    where.plan.endpoints.front().router_device = std::string(endpoint_device);
    settings.mode = "host";
    settings.uplink.clear();
    settings.services = std::string(endpoint_device);  // the only wire that there is
  }
  write_whole_file(paths.daemon_settings,
                   daemon_settings_text(where.plan, paths.policy, paths.control_socket, settings));
  vpcwall::start_daemon(where, {"--test-clock"});
  static_cast<void>(ask({{"verb", "tap"}, {"enable", true}, {"fast_path", fast_path}}));
}

void LiveLab::stop_daemon() { vpcwall::stop_daemon(lab_paths(record_.plan.name)); }

nlohmann::json LiveLab::ask(const nlohmann::json& request) const {
  return ControlClient(lab_paths(record_.plan.name).control_socket).request(request);
}

void LiveLab::reload(const Policy& policy) {
  write_whole_file(record_.policy, emit_policy(policy));
  const nlohmann::json answer = ask({{"verb", "reload"}});
  if (!answer.value("accepted", false) || !answer.value("everywhere", false))
    throw std::runtime_error("the daemon does not take the changed policy over: " + answer.dump());
}

}  // namespace vpcwall
