#include "daemon/settings.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <set>

#include "daemon/metrics/host_name.h"
#include "policy/reporter.h"
#include "policy/yaml_reader.h"
#include "text/escape.h"

namespace vpcwall {
namespace {

constexpr std::array<std::string_view, 3> fast_path_names{"auto", "off", "required"};
constexpr std::array<std::string_view, 4> level_names{"error", "warning", "info", "debug"};

// A value that is absent or was reported keeps its default.
template <class Target, class Value>
void keep(Target& target, const std::optional<Value>& value) {
  if (value) target = static_cast<Target>(*value);
}

void read_path(std::string& target, const YamlNode& node, std::string_view what, Reporter& reporter) {
  const std::optional<std::string> path = read_text(node, what, reporter);
  if (!path) return;
  if (path->empty()) {
    reporter.error(node.at, "found an empty " + std::string(what) + ", expected a path");
    return;
  }
  target = *path;
}

void read_queues(Settings::Queues& queues, const YamlNode& node, Reporter& reporter) {
  const MappingReader mapping(node, "the queues",
                              {"first", "count", "length", "copy_bytes", "receive_buffer"}, reporter);
  constexpr std::uint32_t last_queue = 65'535;
  if (const YamlNode* first = mapping.find("first")) {
    keep(queues.first, read_number(*first, "a queue number", 0, last_queue, reporter));
  }
  const YamlNode* count = mapping.find("count");
  if (count != nullptr && (count->kind != YamlNode::Kind::scalar || count->text != "auto")) {
    if (const auto number = read_number(*count, "a number of queues or auto", 1, most_queues, reporter)) {
      queues.count = static_cast<std::uint16_t>(*number);
    }
  }
  if (const YamlNode* length = mapping.find("length")) {
    keep(queues.length, read_number(*length, "a queue length in packets", 16, last_queue, reporter));
  }
  if (const YamlNode* bytes = mapping.find("copy_bytes")) {
    // Below 80 bytes the ports behind IPv4 options would be cut off; 65531 is the most the kernel copies.
    keep(queues.copy_bytes, read_number(*bytes, "a number of bytes to copy", 80, 65'531, reporter));
  }
  if (const YamlNode* buffer = mapping.find("receive_buffer")) {
    keep(queues.receive_buffer,
         read_number(*buffer, "a receive buffer in bytes", 65'536, 1'073'741'823, reporter));
  }
  const std::uint32_t most = queues.count.value_or(automatic_queues);
  if (queues.first + most > last_queue + 1) {
    reporter.error(mapping.at(), "found " + std::to_string(most) + " queues from number " +
                                     std::to_string(queues.first) + " on, expected numbers up to 65535");
  }
}

void read_devices(std::map<std::string, std::string>& devices, const YamlNode& node, Reporter& reporter) {
  if (node.kind != YamlNode::Kind::mapping) {
    reporter.error(node.at, "found " + describe(node) + ", expected a mapping from interfaces to devices",
                   "write {web: eth1}");
    return;
  }
  std::set<std::string> used;
  for (std::size_t index = 0; index + 1 < node.children.size(); index += 2) {
    const YamlNode& key = *node.children[index];
    const YamlNode& value = *node.children[index + 1];
    const std::optional<std::string> interface = read_text(key, "the name of an interface", reporter);
    const std::optional<std::string> device = read_text(value, "the name of a device", reporter);
    if (!interface || !device) continue;
    if (!is_hookable_device(*device)) {
      reporter.error(value.at, "found " + quoted(*device) + ", expected the name of a network device",
                     *device == "lo" ? "the loopback device is never filtered" : "");
      continue;
    }
    if (!used.insert(*device).second) {
      reporter.error(value.at,
                     "found device " + quoted(*device) + " twice, expected one interface per device");
    }
    if (!devices.emplace(*interface, *device).second) {
      reporter.error(key.at, "found interface " + quoted(*interface) + " twice, expected it once");
    }
  }
}

void read_bypass(std::vector<LocalPort>& ports, const YamlNode& node, Reporter& reporter) {
  for (const YamlNode* item : read_list(node, "management_bypass", reporter)) {
    const MappingReader mapping(*item, "a port that is not judged", {"protocol", "port"}, reporter);
    const YamlNode* protocol = mapping.require("protocol");
    const YamlNode* port = mapping.require("port");
    if (protocol == nullptr || port == nullptr) continue;
    const auto word = read_word(*protocol, "a protocol", {"tcp", "udp"}, reporter);
    const auto number = read_number(*port, "a port", 1, 65'535, reporter);
    if (!word || !number) continue;
    const LocalPort local{*word == 0 ? Protocol::tcp : Protocol::udp, static_cast<std::uint16_t>(*number)};
    if (std::find(ports.begin(), ports.end(), local) != ports.end()) {
      reporter.error(item->at, "found " + to_string(local) + " a second time");
    }
    ports.push_back(local);
  }
}

std::vector<std::string> read_names(const YamlNode& node, const std::string& what, Reporter& reporter) {
  std::vector<std::string> names;
  for (const YamlNode* item : read_list(node, what, reporter)) {
    const auto name = read_text(*item, "the name or number of one of the " + what, reporter);
    if (!name) continue;
    if (name->empty() || !is_printable(*name))
      reporter.error(item->at,
                     "found " + quoted(*name) + ", expected the name or number of one of the " + what);
    names.push_back(*name);
  }
  return names;
}

void read_roles(Settings::Control& control, const YamlNode& node, Reporter& reporter) {
  const MappingReader mapping(node, "the roles", {"view", "change", "confirm", "debug"}, reporter);
  for (std::size_t i = 0; i < role_count; ++i) {
    const YamlNode* holders = mapping.find(role_names.at(i));
    if (holders == nullptr) continue;
    const MappingReader of_role(*holders, "the holders of a role", {"users", "groups"}, reporter);
    if (const YamlNode* users = of_role.find("users"))
      control.roles.at(i).users = read_names(*users, "users", reporter);
    if (const YamlNode* groups = of_role.find("groups"))
      control.roles.at(i).groups = read_names(*groups, "groups", reporter);
  }
}

void read_control(Settings::Control& control, const YamlNode& node, Reporter& reporter) {
  const MappingReader mapping(node, "the control settings", {"socket", "group", "roles"}, reporter);
  if (const YamlNode* roles = mapping.find("roles")) read_roles(control, *roles, reporter);
  if (const YamlNode* socket = mapping.find("socket")) {
    read_path(control.socket, *socket, "control socket", reporter);
    if (!control.socket.starts_with('/')) {
      reporter.error(socket->at, "found " + quoted(control.socket) + ", expected an absolute path");
    }
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    if (control.socket.size() > longest) {
      reporter.error(socket->at, "found a path of " + std::to_string(control.socket.size()) +
                                     " bytes, expected at most " + std::to_string(longest));
    }
  }
  if (const YamlNode* group = mapping.find("group")) {
    keep(control.group, read_text(*group, "the name of a group", reporter));
  }
}

void read_state(Settings::State& state, const YamlNode& node, Reporter& reporter) {
  const MappingReader mapping(node, "the state settings", {"directory", "policies", "snapshot_seconds"},
                              reporter);
  if (const YamlNode* directory = mapping.find("directory")) {
    read_path(state.directory, *directory, "state directory", reporter);
    if (!state.directory.starts_with('/'))
      reporter.error(directory->at, "found " + quoted(state.directory) + ", expected an absolute path");
  }
  if (const YamlNode* policies = mapping.find("policies"))
    keep(state.policies, read_number(*policies, "a number of policies", 1, 1000, reporter));
  if (const YamlNode* interval = mapping.find("snapshot_seconds"))
    keep(state.snapshot_seconds, read_number(*interval, "a number of seconds", 1, 86'400, reporter));
}

void read_hosts(std::vector<std::string>& hosts, const YamlNode& node, Reporter& reporter) {
  for (const YamlNode* item : read_list(node, "hosts", reporter)) {
    const auto text = read_text(*item, "the name or address of a host", reporter);
    if (!text) continue;
    const auto host = host_of(*text);
    if (!host || *text != host->text)
      reporter.error(
          item->at, "found " + quoted(*text) + ", expected the name or address of a host",
          host ? "write " + host->text : "write router.example.org or 203.0.113.7, without a port");
    else
      hosts.push_back(host->text);
  }
}

void read_http(Settings::Http& http, const YamlNode& node, Reporter& reporter) {
  const MappingReader mapping(node, "the HTTP settings", {"listen", "hosts"}, reporter);
  if (const YamlNode* hosts = mapping.find("hosts")) read_hosts(http.hosts, *hosts, reporter);
  const YamlNode* listen = mapping.find("listen");
  if (listen == nullptr) return;
  const auto text = read_text(*listen, "an address to listen on, auto or off", reporter);
  if (!text || *text == "auto") return;
  http.required = *text != "off";
  http.listen = parse_listen_address(*text);
  if (http.required && !http.listen)
    reporter.error(listen->at, "found " + quoted(*text) + ", expected ADDRESS:PORT, auto or off",
                   "write 127.0.0.1:9465 or \"[::1]:9465\"");
}

void read_root(Settings& settings, const YamlNode& node, Reporter& reporter) {
  const MappingReader mapping(
      node, "the daemon's settings",
      {"version", "policy", "mode", "backend", "fail_mode", "fast_path", "queues", "devices", "control",
       "state", "http", "metrics", "log", "flows", "management_bypass", "remove_hooks_at_stop"},
      reporter);
  if (!mapping.is_mapping()) return;
  if (const YamlNode* version = mapping.require("version"))
    (void)read_number(*version, "version", 1, 1, reporter);
  if (const YamlNode* policy = mapping.find("policy")) {
    read_path(settings.policy, *policy, "policy file", reporter);
  }
  if (const YamlNode* mode = mapping.find("mode")) {
    keep(settings.mode, read_word(*mode, "a mode", {"router", "host"}, reporter));
  }
  if (const YamlNode* backend = mapping.find("backend")) {
    keep(settings.backend, read_word(*backend, "a back end", {"auto", "nft", "xt"}, reporter));
  }
  if (const YamlNode* fail_mode = mapping.find("fail_mode")) {
    keep(settings.fail_mode, read_word(*fail_mode, "a fail mode", {"closed", "open"}, reporter));
  }
  if (const YamlNode* fast_path = mapping.find("fast_path")) {
    keep(settings.fast_path,
         read_word(*fast_path, "a fast path mode", {"auto", "off", "required"}, reporter));
  }
  if (const YamlNode* queues = mapping.find("queues")) read_queues(settings.queues, *queues, reporter);
  if (const YamlNode* devices = mapping.find("devices")) read_devices(settings.devices, *devices, reporter);
  if (const YamlNode* control = mapping.find("control")) read_control(settings.control, *control, reporter);
  if (const YamlNode* state = mapping.find("state")) read_state(settings.state, *state, reporter);
  if (const YamlNode* http = mapping.find("http")) read_http(settings.http, *http, reporter);
  if (const YamlNode* metrics = mapping.find("metrics")) {
    const MappingReader metrics_mapping(*metrics, "the metrics settings", {"most_rules"}, reporter);
    if (const YamlNode* most = metrics_mapping.find("most_rules")) {
      keep(settings.most_rule_metrics, read_number(*most, "a number of rules", 0, 100'000, reporter));
    }
  }
  if (const YamlNode* log = mapping.find("log")) {
    const MappingReader log_mapping(*log, "the log settings", {"level"}, reporter);
    if (const YamlNode* level = log_mapping.find("level")) {
      keep(settings.log_level,
           read_word(*level, "a log level", {"error", "warning", "info", "debug"}, reporter));
    }
  }
  if (const YamlNode* flows = mapping.find("flows")) {
    const MappingReader flows_mapping(*flows, "the flow settings", {"capacity_per_worker"}, reporter);
    if (const YamlNode* capacity = flows_mapping.find("capacity_per_worker")) {
      keep(settings.flows_per_worker,
           read_number(*capacity, "a number of flows", 1024, 16'777'216, reporter));
    }
  }
  if (const YamlNode* remove = mapping.find("remove_hooks_at_stop")) {
    keep(settings.remove_hooks_at_stop, read_flag(*remove, "remove_hooks_at_stop", reporter));
  }
  if (const YamlNode* bypass = mapping.find("management_bypass")) {
    read_bypass(settings.management_bypass, *bypass, reporter);
  }
  if (settings.mode == HookMode::router && !settings.management_bypass.empty()) {
    reporter.error(mapping.key_position("management_bypass"),
                   "found management_bypass in router mode, expected none",
                   "a router judges what it forwards, and never what is meant for itself");
  }
  if (settings.mode == HookMode::host && settings.devices.empty()) {
    reporter.error(mapping.key_position("mode"), "found mode host without devices, expected at least one",
                   "name the device of each interface: devices: {web: eth0}");
  }
}

}  // namespace

std::string_view to_string(FastPathMode mode) noexcept {
  return fast_path_names[static_cast<std::size_t>(mode)];
}

std::string_view to_string(LogLevel level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

std::uint16_t queue_count(const Settings& settings, unsigned cpus, bool fast_path) noexcept {
  if (settings.queues.count) return *settings.queues.count;
  return static_cast<std::uint16_t>(
      std::clamp<unsigned>(fast_path ? (cpus + 1) / 2 : cpus, 1, automatic_queues));
}

LoadedSettings load_settings(std::string_view text, const std::string& file_name) {
  Reporter reporter(file_name);
  LoadedSettings loaded;
  Settings settings;
  if (const std::optional<YamlTree> tree = parse_yaml(text, reporter)) {
    read_root(settings, *tree->root, reporter);
  }
  if (!reporter.has_error()) loaded.settings = std::move(settings);
  loaded.diagnostics = reporter.take();
  return loaded;
}

}  // namespace vpcwall
