#include "cli/lab/demo_stage.h"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <thread>

#include "cli/lab/network_namespace.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds server_limit{10};
constexpr std::chrono::seconds reload_limit{10};
constexpr std::chrono::seconds counters_limit{3};
constexpr std::chrono::milliseconds look_again{20};

// Python's own HTTP server. Not `-m http.server`, which asks a name server about its own address first, and
// in a firewalled namespace nobody answers.
constexpr std::string_view web_server_program = R"py(import functools, http.server, socketserver, sys
address, port, directory = sys.argv[1:]
socketserver.ThreadingTCPServer.allow_reuse_address = True
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=directory)
socketserver.ThreadingTCPServer((address, int(port)), handler).serve_forever()
)py";

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (!condition()) {
    check_interrupted();
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

LabRecord bring_up_stage(const DemoOptions& options, const std::string& policy_text) {
  const LoadedPolicy loaded = load_policy(policy_text, std::string{options.story} + ".yaml");
  if (!loaded.policy) throw std::logic_error("the story's policy: " + to_string(loaded.diagnostics.front()));
  LabRequest request = options.request;
  request.policy_text = policy_text;
  return bring_up(request, *loaded.policy);
}

std::string python() { return ::access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3"; }

std::string as_typed(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) {
    const bool quoted = argument.empty() || argument.find_first_of(" *'\"$&;|") != std::string::npos;
    text += (text.empty() ? "" : " ") + (quoted ? "'" + argument + "'" : argument);
  }
  return text;
}

}  // namespace

DemoStage::DemoStage(const DemoOptions& options, Narrator& narrator, std::string_view policy)
    : narrator_(narrator),
      keep_(options.keep),
      lab_(options.request.name),
      policy_text_(policy),
      record_(bring_up_stage(options, policy_text_)),
      paths_(lab_paths(lab_)),
      control_(paths_.control_socket) {}

DemoStage::~DemoStage() {
  echo_server_.reset();
  if (keep_) return;
  try {
    take_down(lab_);
  } catch (const std::exception& error) {
    std::cerr << "vpcwall lab demo: cleaning up: " << error.what() << '\n';
  }
}

std::string DemoStage::exec_prefix(const std::string& name) const {
  return "vpcwall lab exec --lab " + lab_ + ' ' + name + " -- ";
}

const LabEndpoint& DemoStage::endpoint(const std::string& name) const {
  const LabEndpoint* found = find_endpoint(record_.plan, name);
  if (found == nullptr) throw std::logic_error("the story's lab has no " + name);
  return *found;
}

void DemoStage::start_web_server(const std::string& name, std::uint16_t port) {
  const LabEndpoint& where = endpoint(name);
  const IpAddress address = where.addresses.front().base;
  const std::string directory = paths_.directory + "/www";
  const std::string program = paths_.directory + "/web_server.py";
  const std::string log = paths_.directory + "/web_server.log";
  std::filesystem::create_directory(directory);
  write_whole_file(program, web_server_program);
  write_whole_file(directory + "/index.html", "Hello from " + name + ", " + to_string(address) + ".\n");

  const std::vector<std::string> arguments{python(), program, to_string(address), std::to_string(port),
                                           directory};
  pid_t pid = 0;
  inside_namespace(where.network_namespace, [&] {
    write_setting("ipv4/tcp_synack_retries", "1");
    pid = start_program(arguments, log);
  });
  // From inside the same namespace nothing is filtered: this asks the server, not the firewall.
  const bool listening = wait_until(
      [&] {
        if (!identify(pid))
          throw std::runtime_error("the web server ended: " + read_whole_file(log).value_or(""));
        return EchoConnection::open(where.network_namespace, address, port, std::chrono::seconds{1})
            .has_value();
      },
      server_limit);
  if (!listening) throw std::runtime_error("the web server does not listen");
  narrator_.command(exec_prefix(name) + as_typed(arguments) + " &");
}

void DemoStage::start_echo_server(const std::string& name, const std::vector<std::uint16_t>& ports) {
  const LabEndpoint& where = endpoint(name);
  echo_server_ = std::make_unique<EchoServer>(where.network_namespace, where.addresses.front().base, ports);
}

FinishedProgram DemoStage::run(const std::string& name, const std::vector<std::string>& arguments) {
  check_interrupted();
  FinishedProgram result;
  inside_namespace(endpoint(name).network_namespace, [&] { result = run_to_end(arguments); });
  check_interrupted();
  narrator_.command(exec_prefix(name) + as_typed(arguments),
                    result.output + "exit status " + std::to_string(result.exit_status));
  return result;
}

FinishedProgram DemoStage::explain(const std::string& source, const std::string& destination) {
  check_interrupted();
  std::vector<std::string> arguments{"vpcwall", "explain",  "--policy", paths_.policy,   "--protocol",
                                     "tcp",     "--source", source,     "--destination", destination};
  const std::string typed = as_typed(arguments);
  arguments.front() = std::filesystem::read_symlink("/proc/self/exe").string();
  FinishedProgram result = run_to_end(arguments);
  narrator_.command(typed, result.output + "exit status " + std::to_string(result.exit_status));
  return result;
}

std::optional<EchoConnection> DemoStage::connect(std::uint16_t port, std::chrono::milliseconds limit) {
  return EchoConnection::open(endpoint(std::string{internet_name}).network_namespace,
                              endpoint("web").addresses.front().base, port, limit);
}

bool DemoStage::change_policy(const std::vector<PolicyEdit>& edits) {
  EditedPolicy edited = edit_policy(policy_text_, edits);
  narrator_.change(edited.difference);
  const auto daemon = read_pid_file(paths_.pid_file);
  const std::uint64_t before = generation();
  write_whole_file(paths_.policy, edited.text);
  policy_text_ = std::move(edited.text);
  if (!daemon || !send_signal(*daemon, SIGHUP)) {
    narrator_.check(false, "vpcwalld runs and takes the signal");
    return false;
  }
  const bool taken = wait_until([&] { return generation() > before; }, reload_limit);
  narrator_.command("kill -HUP " + std::to_string(daemon->pid),
                    taken ? "vpcwalld: generation " + std::to_string(generation()) + " is in force" : "");
  if (!taken) narrator_.check(false, "vpcwalld takes the changed policy; its log: " + paths_.log);
  return taken;
}

void DemoStage::look() { at_look_ = counters(); }

DemoCounters DemoStage::moved_since_look(const std::function<bool(const DemoCounters&)>& enough) {
  DemoCounters result;
  wait_until(
      [&] {
        result = moved(at_look_, counters());
        return enough(result);
      },
      counters_limit);
  return result;
}

DemoCounters DemoStage::counters() const {
  return counters_from_reply(control_.request({{"verb", "rules"}}));
}

std::uint64_t DemoStage::generation() const {
  return control_.request({{"verb", "status"}}).at("generation").get<std::uint64_t>();
}

}  // namespace vpcwall
