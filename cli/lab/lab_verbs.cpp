#include "cli/lab/lab_verbs.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/lab/demo.h"
#include "cli/lab/lab.h"
#include "cli/lab/lab_status.h"
#include "cli/lab/network_namespace.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_bad_policy = 2;
constexpr int exit_cannot_execute = 126;
constexpr int exit_not_found = 127;

// Runs a verb, and turns what it throws into one line and an exit status.
int guarded(const char* verb, const std::function<int()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    std::cerr << "vpcwall lab " << verb << ": " << error.what() << '\n';
    return exit_failed;
  }
}

struct UpOptions {
  LabRequest request;
  std::string policy;
  bool json = false;
};

int up(UpOptions options) {
  require_root();
  const auto text = read_whole_file(options.policy);
  if (!text) throw std::runtime_error(options.policy + ": " + std::strerror(errno));
  const LoadedPolicy loaded = load_policy(*text, options.policy);
  for (const Diagnostic& diagnostic : loaded.diagnostics) std::cerr << to_string(diagnostic) << '\n';
  if (!loaded.policy) return exit_bad_policy;

  // The user's own file, so that editing it and reloading works; unless it lies in what is about to be
  // removed.
  const std::filesystem::path path = std::filesystem::absolute(options.policy).lexically_normal();
  const std::filesystem::path own = std::filesystem::path(lab_paths(options.request.name).directory);
  if (path.parent_path() == own) {
    options.request.policy_text = *text;
  } else {
    options.request.policy_path = path.string();
  }
  const LabRecord record = bring_up(options.request, *loaded.policy);

  const LabStatus status = lab_status(record.plan.name);
  if (options.json) {
    std::cout << to_json(status).dump(2) << '\n';
    return 0;
  }
  const std::string chosen = record.plan.name == LabRequest{}.name ? "" : " --lab " + record.plan.name;
  const LabEndpoint& first = record.plan.endpoints[1];
  std::cout << to_text(status) << "\nTry   vpcwall lab exec" << chosen << " internet -- ping -c 1 "
            << to_string(first.addresses.front().base) << "\n      vpcwall rules --lab " << record.plan.name
            << "\nEnd   vpcwall lab down" << chosen << '\n';
  return 0;
}

struct DownOptions {
  std::string name = LabRequest{}.name;
  bool all = false;
};

int down(const DownOptions& options) {
  require_root();
  const std::vector<std::string> names = options.all ? recorded_labs() : std::vector{options.name};
  for (const std::string& name : names) {
    if (!is_lab_name(name)) throw std::runtime_error("'" + name + "' is no name of a lab");
    std::cout << "lab " << name << (take_down(name) ? " is down, nothing of it is left\n" : " is not up\n");
  }
  if (names.empty()) std::cout << "no lab is up\n";
  return 0;
}

struct StatusOptions {
  std::string name;  // empty: all
  bool json = false;
};

int show_status(const StatusOptions& options) {
  const std::vector<std::string> existing = recorded_labs();
  const bool one = !options.name.empty();
  if (one && std::find(existing.begin(), existing.end(), options.name) == existing.end()) {
    throw std::runtime_error("there is no lab " + options.name + ": vpcwall lab up POLICY makes one");
  }
  bool healthy = true;
  std::string text;
  nlohmann::ordered_json labs = nlohmann::ordered_json::array();
  for (const std::string& name : one ? std::vector{options.name} : existing) {
    const LabStatus status = lab_status(name);
    healthy = healthy && status.complete && status.daemon_alive;
    text += (text.empty() ? "" : "\n") + to_text(status);
    labs.push_back(to_json(status));
  }
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"schema", "vpcwall/labs/1"}, {"labs", std::move(labs)}}.dump(2)
              << '\n';
  } else {
    std::cout << (text.empty() ? "no lab is up\n" : text);
  }
  return healthy ? 0 : exit_failed;
}

struct ExecOptions {
  std::string lab = LabRequest{}.name;
  std::string name;
  std::vector<std::string> command;
};

std::string namespace_of(const LabRecord& record, const std::string& name) {
  if (name == router_name) return record.plan.router_namespace;
  if (const LabEndpoint* endpoint = find_endpoint(record.plan, name)) return endpoint->network_namespace;
  std::string known{router_name};
  for (const LabEndpoint& endpoint : record.plan.endpoints) known += ", " + endpoint.name;
  throw std::runtime_error("lab " + record.plan.name + " has no '" + name + "'; it has " + known);
}

int execute(const ExecOptions& options) {
  require_root();
  const auto record = is_lab_name(options.lab) ? read_record(options.lab) : std::nullopt;
  if (!record)
    throw std::runtime_error("there is no lab " + options.lab + ": vpcwall lab up POLICY makes one");
  enter_namespace(namespace_of(*record, options.name));
  std::vector<char*> arguments;
  for (const std::string& argument : options.command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  std::cerr << "vpcwall lab exec: " << options.command.front() << ": " << std::strerror(error) << '\n';
  return error == ENOENT ? exit_not_found : exit_cannot_execute;
}

void add_daemon_options(CLI::App& verb, LabRequest& request) {
  verb.add_option("--daemon", request.daemon, "The vpcwalld to run (default: the one beside this program)")
      ->check(CLI::ExistingFile);
  verb.add_option("--backend", request.settings.backend, "Which kernel interface installs the hooks")
      ->check(CLI::IsMember({"auto", "nft", "xt"}))
      ->capture_default_str();
  verb.add_option("--daemon-log-level", request.settings.log_level, "What vpcwalld writes to its log")
      ->check(CLI::IsMember({"error", "warning", "info", "debug"}))
      ->capture_default_str();
}

void add_up(CLI::App& lab, int& exit_status) {
  const auto options = std::make_shared<UpOptions>();
  CLI::App* verb = lab.add_subcommand("up", "Make a lab: one network namespace per interface of the policy");
  verb->add_option("policy", options->policy, "The policy file; edit it and reload while the lab runs")
      ->type_name("FILE")
      ->required();
  verb->add_option("--name,--lab", options->request.name, "Name of the lab; several run side by side")
      ->capture_default_str();
  verb->add_option("--fail-mode", options->request.settings.fail_mode,
                   "What happens to packets without a daemon")
      ->check(CLI::IsMember({"closed", "open"}))
      ->capture_default_str();
  add_daemon_options(*verb, options->request);
  verb->add_flag("--json", options->json, "Answer in JSON");
  verb->callback([options, &exit_status] { exit_status = guarded("up", [&] { return up(*options); }); });
}

void add_down(CLI::App& lab, int& exit_status) {
  const auto options = std::make_shared<DownOptions>();
  CLI::App* verb =
      lab.add_subcommand("down", "Remove a lab, its processes and its files, also after a crash");
  CLI::Option* name =
      verb->add_option("--name,--lab", options->name, "Name of the lab")->capture_default_str();
  verb->add_flag("--all", options->all, "Every lab that there is")->excludes(name);
  verb->callback([options, &exit_status] { exit_status = guarded("down", [&] { return down(*options); }); });
}

void add_status(CLI::App& lab, int& exit_status) {
  const auto options = std::make_shared<StatusOptions>();
  CLI::App* verb = lab.add_subcommand("status", "Namespaces, addresses and daemon of the labs that are up");
  verb->add_option("--name,--lab", options->name, "Only this lab");
  verb->add_flag("--json", options->json, "Answer in JSON");
  verb->callback(
      [options, &exit_status] { exit_status = guarded("status", [&] { return show_status(*options); }); });
}

void add_exec(CLI::App& lab, int& exit_status) {
  const auto options = std::make_shared<ExecOptions>();
  CLI::App* verb = lab.add_subcommand(
      "exec", "Run a program as an interface, as the internet, as the services or on the router");
  verb->add_option("--lab,--name", options->lab, "Name of the lab")->capture_default_str();
  verb->add_option("endpoint", options->name,
                   "An interface of the policy, 'internet', 'services' or 'router'")
      ->required();
  verb->add_option("command", options->command, "Behind --: the program and its arguments")->required();
  verb->callback(
      [options, &exit_status] { exit_status = guarded("exec", [&] { return execute(*options); }); });
}

void add_demo(CLI::App& lab, int& exit_status) {
  const auto options = std::make_shared<DemoOptions>();
  CLI::App* verb = lab.add_subcommand("demo", "A guided demonstration with real traffic");
  verb->add_option("story", options->story, "ephemeral-port")
      ->required()
      ->check(CLI::IsMember({std::string{ephemeral_port_story}}));
  verb->add_option("--name,--lab", options->request.name, "Name of the lab that the story makes")
      ->capture_default_str();
  add_daemon_options(*verb, options->request);
  verb->add_flag("--no-color", options->no_color, "Plain text also on a terminal");
  verb->add_flag("--keep", options->keep, "Leave the lab up at the end");
  verb->add_flag("--pause", options->pause, "Wait for Enter after each step");
  verb->callback([options, &exit_status] {
    exit_status = guarded("demo", [&] {
      require_root();
      return run_demo(*options);
    });
  });
}

}  // namespace

void add_lab_verbs(CLI::App& app, int& exit_status) {
  CLI::App* lab = app.add_subcommand("lab", "A whole VPC in network namespaces, made from a policy file");
  lab->require_subcommand(1);
  add_up(*lab, exit_status);
  add_exec(*lab, exit_status);
  add_status(*lab, exit_status);
  add_down(*lab, exit_status);
  add_demo(*lab, exit_status);
}

}  // namespace vpcwall
