#include "cli/lab/lab_status.h"

#include <algorithm>
#include <vector>

#include "cli/lab/lab.h"
#include "cli/lab/network_namespace.h"

namespace vpcwall {
namespace {

constexpr std::size_t label_width = 10;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string joined(const std::vector<Prefix>& addresses) {
  std::string text;
  for (const Prefix& address : addresses) {
    text += text.empty() ? "" : ", ";
    text += address.is_host() ? to_string(address.base) : to_string(address);
  }
  return text;
}

std::string labelled(const std::string& label, const std::string& value) {
  return "  " + padded(label, label_width) + ' ' + value + '\n';
}

std::string daemon_text(const LabStatus& status) {
  if (status.daemon_alive) return "vpcwalld runs, pid " + std::to_string(status.daemon_pid);
  return status.daemon_pid == 0 ? "vpcwalld was never started" : "vpcwalld is DEAD, see " + status.paths.log;
}

}  // namespace

LabStatus lab_status(const std::string& name) {
  LabStatus status;
  status.name = name;
  status.paths = lab_paths(name);
  if (const auto record = read_record(name)) {
    status.record = *record;
    const std::vector<std::string> namespaces = namespaces_of(record->plan);
    status.complete = std::all_of(namespaces.begin(), namespaces.end(), namespace_exists);
  }
  if (const auto process = read_pid_file(status.paths.pid_file)) {
    status.daemon_pid = process->pid;
    status.daemon_alive = is_alive(*process);
  }
  return status;
}

std::string to_text(const LabStatus& status) {
  std::string text = "lab " + status.name + (status.complete ? "" : " (INCOMPLETE)") + '\n';
  text += labelled("policy", status.record.policy);
  text += labelled("daemon", daemon_text(status));
  text += labelled("control", status.paths.control_socket);
  text += labelled("log", status.paths.log);

  std::size_t name_width = router_name.size();
  std::size_t namespace_width = status.record.plan.router_namespace.size();
  for (const LabEndpoint& endpoint : status.record.plan.endpoints) {
    name_width = std::max(name_width, endpoint.name.size());
    namespace_width = std::max(namespace_width, endpoint.network_namespace.size());
  }
  const auto line = [&](const std::string& name, const std::string& space, const std::string& rest) {
    text += "  " + padded(name, name_width) + "  " + padded(space, namespace_width) + "  " + rest + '\n';
  };
  text += '\n';
  line("NAME", "NAMESPACE", "ADDRESSES");
  line(std::string{router_name}, status.record.plan.router_namespace,
       "every packet between the others passes here");
  for (const LabEndpoint& endpoint : status.record.plan.endpoints) {
    line(endpoint.name, endpoint.network_namespace, joined(endpoint.addresses));
  }
  return text;
}

nlohmann::ordered_json to_json(const LabStatus& status) {
  nlohmann::ordered_json document = to_json(status.record);
  document["schema"] = "vpcwall/lab-status/1";
  document["name"] = status.name;
  document["complete"] = status.complete;
  document["daemon"] = {
      {"pid", status.daemon_pid}, {"alive", status.daemon_alive}, {"log", status.paths.log}};
  document["control_socket"] = status.paths.control_socket;
  return document;
}

}  // namespace vpcwall
