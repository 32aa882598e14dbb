#include "cli/lab/lab.h"

#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>

#include "cli/lab/link_setup.h"
#include "cli/lab/network_namespace.h"

namespace vpcwall {
namespace {

constexpr std::chrono::seconds grace_for_programs{1};

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  static_cast<void>(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text.data();
}

void apply(const std::vector<KernelSetting>& settings) {
  for (const KernelSetting& setting : settings) {
    if (!write_setting(setting.path, setting.value) && !setting.optional) {
      throw std::runtime_error("this kernel has no setting net/" + setting.path);
    }
  }
}

void make_namespaces(const LabPlan& plan) {
  run_ip({}, namespace_commands(plan));
  inside_namespace(plan.router_namespace, [] { apply(router_settings()); });
  for (const LabEndpoint& endpoint : plan.endpoints) {
    inside_namespace(endpoint.network_namespace, [] { apply(endpoint_settings()); });
  }
  run_ip(plan.router_namespace, router_commands(plan));
  for (const LabEndpoint& endpoint : plan.endpoints) {
    run_ip(endpoint.network_namespace, endpoint_commands(endpoint));
  }
}

// What the aliases of the router's devices name. For a lab whose record was lost.
std::vector<std::string> namespaces_by_alias(const std::string& lab) {
  const std::string prefix = "vpcwall-" + lab + '-';
  const std::string router = prefix + std::string{router_name};
  std::vector<std::string> names;
  if (!namespace_exists(router)) return names;
  names.push_back(router);
  FinishedProgram links;
  inside_namespace(router, [&links] { links = run_to_end({"ip", "-json", "link", "show"}); });
  for (const auto& link : nlohmann::json::parse(links.output, nullptr, false)) {
    if (!link.is_object()) continue;
    const std::string alias = link.value("ifalias", "");
    if (alias.starts_with(prefix)) names.push_back(alias);
  }
  return names;
}

// Whatever a record or an alias may say: nothing but a lab's namespace is ever removed.
bool is_removable(const std::string& name) {
  return name.starts_with("vpcwall-") && name.find_first_of(" \t\n/\\\"'#") == std::string::npos &&
         namespace_exists(name);
}

void remove_namespaces(const std::vector<std::string>& names) {
  if (names.empty()) return;
  end_processes(processes_in(names), grace_for_programs);
  std::string commands;
  for (const std::string& name : names) commands += "netns delete " + name + '\n';
  run_ip({}, commands, true);
  for (const std::string& name : names) {
    if (namespace_exists(name)) throw std::runtime_error("network namespace " + name + " cannot be removed");
  }
}

// `also`: namespaces that must not exist afterwards either, whoever made them.
bool remove_lab(const std::string& name, std::vector<std::string> also) {
  const LabPaths paths = lab_paths(name);
  stop_daemon(paths);
  std::vector<std::string> namespaces = namespaces_by_alias(name);
  if (const auto record = read_record(name)) {
    const std::vector<std::string> recorded = namespaces_of(record->plan);
    namespaces.insert(namespaces.end(), recorded.begin(), recorded.end());
  }
  namespaces.insert(namespaces.end(), also.begin(), also.end());
  std::sort(namespaces.begin(), namespaces.end());
  namespaces.erase(std::unique(namespaces.begin(), namespaces.end()), namespaces.end());
  std::erase_if(namespaces, [](const std::string& n) { return !is_removable(n); });
  remove_namespaces(namespaces);
  return std::filesystem::remove_all(paths.directory) > 0 || !namespaces.empty();
}

// "a-b" with an interface "c" and "a" with an interface "b-c" would share a namespace.
void require_unclaimed(const LabPlan& plan) {
  const std::vector<std::string> wanted = namespaces_of(plan);
  for (const std::string& name : recorded_labs()) {
    const auto record = name == plan.name ? std::nullopt : read_record(name);
    if (!record) continue;
    for (const std::string& taken : namespaces_of(record->plan)) {
      if (std::find(wanted.begin(), wanted.end(), taken) != wanted.end()) {
        throw std::runtime_error(
            std::string{"network namespace "}.append(taken).append(" belongs to lab ").append(name) +
            ": choose another --name");
      }
    }
  }
}

void require_short_path(const std::string& control_socket) {
  if (control_socket.size() >= sizeof(sockaddr_un::sun_path)) {
    throw std::runtime_error(control_socket + " is too long for a socket: choose a shorter VPCWALL_LAB_DIR");
  }
}

}  // namespace

LabRecord bring_up(const LabRequest& request, const Policy& policy) {
  LabRecord record;
  if (policy.interfaces.empty())
    throw LabPlanError("the policy has no interfaces: nothing to build a lab of");
  record.plan = make_lab_plan(policy, request.name);
  record.program =
      request.daemon.empty() ? find_daemon() : std::filesystem::absolute(request.daemon).string();
  record.created = utc_now();
  const LabPaths paths = lab_paths(request.name);
  record.policy = request.policy_path.empty() ? paths.policy : request.policy_path;
  require_short_path(paths.control_socket);

  const OwnedDescriptor lock = lock_labs();
  require_unclaimed(record.plan);
  remove_lab(request.name, namespaces_of(record.plan));
  try {
    std::filesystem::create_directory(paths.directory);
    write_record(record);
    if (request.policy_path.empty()) write_whole_file(paths.policy, request.policy_text);
    LabDaemonSettings settings = request.settings;
    settings.uplink = record.plan.endpoints.front().router_device;
    settings.services = record.plan.endpoints.at(services_of(record.plan)).router_device;
    write_whole_file(paths.daemon_settings,
                     daemon_settings_text(record.plan, record.policy, paths.control_socket, settings));
    make_namespaces(record.plan);
    start_daemon(record);
  } catch (...) {
    remove_lab(request.name, {});
    throw;
  }
  return record;
}

bool take_down(const std::string& name) {
  const OwnedDescriptor lock = lock_labs();
  return remove_lab(name, {});
}

std::vector<std::string> namespaces_of(const LabPlan& plan) {
  std::vector<std::string> names{plan.router_namespace};
  for (const LabEndpoint& endpoint : plan.endpoints) names.push_back(endpoint.network_namespace);
  return names;
}

void require_root() {
  if (::geteuid() != 0)
    throw std::runtime_error("a lab is made of network namespaces, which takes root: use sudo");
}

}  // namespace vpcwall
