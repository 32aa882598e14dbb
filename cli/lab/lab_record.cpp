#include "cli/lab/lab_record.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace vpcwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* record_schema = "vpcwall/lab/1";

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

ordered_json to_json(const LabEndpoint& endpoint) {
  ordered_json addresses = ordered_json::array();
  for (const Prefix& address : endpoint.addresses) addresses.push_back(to_string(address));
  ordered_json document;
  document["name"] = endpoint.name;
  if (!endpoint.interface.empty()) document["interface"] = endpoint.interface;
  document["namespace"] = endpoint.network_namespace;
  document["device"] = endpoint_device;
  document["router_device"] = endpoint.router_device;
  document["addresses"] = std::move(addresses);
  return document;
}

LabEndpoint endpoint_from_json(const json& document) {
  LabEndpoint endpoint;
  endpoint.name = document.at("name").get<std::string>();
  endpoint.interface = document.value("interface", "");
  endpoint.network_namespace = document.at("namespace").get<std::string>();
  endpoint.router_device = document.at("router_device").get<std::string>();
  for (const json& text : document.at("addresses")) {
    if (const auto address = parse_prefix(text.get<std::string>())) endpoint.addresses.push_back(*address);
  }
  return endpoint;
}

}  // namespace

std::string lab_root() {
  const char* chosen = std::getenv("VPCWALL_LAB_DIR");
  return chosen != nullptr && *chosen != '\0' ? fs::absolute(chosen).string() : "/run/vpcwall-lab";
}

LabPaths lab_paths(const std::string& name) {
  const std::string directory = lab_root() + '/' + name;
  return {directory,
          directory + "/lab.json",
          directory + "/policy.yaml",
          directory + "/daemon.yaml",
          directory + "/vpcwalld.pid",
          directory + "/vpcwalld.log",
          directory + "/control.sock"};
}

ordered_json to_json(const LabRecord& record) {
  ordered_json endpoints = ordered_json::array();
  for (const LabEndpoint& endpoint : record.plan.endpoints) endpoints.push_back(to_json(endpoint));
  ordered_json document;
  document["schema"] = record_schema;
  document["name"] = record.plan.name;
  document["created"] = record.created;
  document["policy"] = record.policy;
  document["program"] = record.program;
  document["router"] = {{"namespace", record.plan.router_namespace}};
  document["endpoints"] = std::move(endpoints);
  return document;
}

std::optional<LabRecord> lab_record_from_json(const json& document) {
  try {
    if (document.at("schema") != record_schema) return std::nullopt;
    LabRecord record;
    record.plan.name = document.at("name").get<std::string>();
    record.created = document.at("created").get<std::string>();
    record.policy = document.at("policy").get<std::string>();
    record.program = document.at("program").get<std::string>();
    record.plan.router_namespace = document.at("router").at("namespace").get<std::string>();
    for (const json& endpoint : document.at("endpoints")) {
      record.plan.endpoints.push_back(endpoint_from_json(endpoint));
    }
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

void write_record(const LabRecord& record) {
  write_whole_file(lab_paths(record.plan.name).record, to_json(record).dump(2) + '\n');
}

std::optional<LabRecord> read_record(const std::string& name) {
  const auto text = read_whole_file(lab_paths(name).record);
  if (!text) return std::nullopt;
  return lab_record_from_json(json::parse(*text, nullptr, false));
}

std::vector<std::string> recorded_labs() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(lab_root(), error)) {
    const std::string name = entry.path().filename();
    if (entry.is_directory(error) && is_lab_name(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<ProcessIdentity> read_pid_file(const std::string& path) {
  const auto text = read_whole_file(path);
  return text ? parse_process_identity(*text) : std::nullopt;
}

void write_whole_file(const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  {
    const OwnedDescriptor file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (!file) fail(beside);
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail(beside);
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) fail(path);
}

std::optional<std::string> read_whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return std::nullopt;
  return text;
}

OwnedDescriptor lock_labs() {
  const std::string root = lab_root();
  fs::create_directories(root);
  OwnedDescriptor directory{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) fail(root);
  while (::flock(directory.get(), LOCK_EX) != 0) {
    if (errno != EINTR) fail(root);
  }
  return directory;
}

}  // namespace vpcwall
