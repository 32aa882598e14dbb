// vpcwall explain: the journey of a request and of its reply, gate by gate, from a file or from the daemon.
#include <unistd.h>

#include <charconv>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/control/control_client.h"
#include "cli/control/control_socket.h"
#include "cli/files/atomic_file.h"
#include "cli/files/policy_file.h"
#include "cli/verbs.h"
#include "explain/explanation.h"
#include "explain/explanation_text.h"
#include "policy/compile.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

struct ExplainOptions {
  std::string policy;
  std::string socket;
  std::string source, destination;
  std::string write_fixed;
  Ask ask;
  unsigned type = not_given, code = not_given;
  bool json = false;

  static constexpr unsigned not_given = 256;
};

struct Endpoint {
  std::string host;
  std::optional<std::uint16_t> port;
};

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// A, A:port, [v6]:port or a bare IPv6 address.
Endpoint read_endpoint(const std::string& text) {
  if (parse_address(text)) return {text, std::nullopt};
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return {text, std::nullopt};
  const auto port = read_port(std::string_view(text).substr(colon + 1));
  if (!port)
    throw CLI::ValidationError(text, "expected ADDRESS, NAME, ADDRESS:PORT, NAME:PORT or [IPV6]:PORT");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {host, port};
}

Ask ask_of(const ExplainOptions& options) {
  Ask ask = options.ask;
  const Endpoint source = read_endpoint(options.source), destination = read_endpoint(options.destination);
  ask.source = source.host;
  ask.source_port = source.port;
  ask.destination = destination.host;
  ask.destination_port = destination.port;
  if (options.type != ExplainOptions::not_given) ask.type = static_cast<std::uint8_t>(options.type);
  if (options.code != ExplainOptions::not_given) ask.code = static_cast<std::uint8_t>(options.code);
  return ask;
}

int print(const ExplainOptions& options, const nlohmann::ordered_json& story) {
  if (options.json)
    std::cout << story.dump(2) << '\n';
  else
    std::cout << explanation_text(story, ::isatty(STDOUT_FILENO) == 1);
  return story.at("as_expected").get<bool>() ? exit_status::ok : exit_status::negative;
}

void write_policy(const std::string& path, const Policy& policy) {
  AtomicFile file(path);
  file.write(emit_policy(policy));
  file.commit();
}

// Nothing is written unless there is a fix: a file that looks fixed and is not would be worse than none.
void write_fixed(const ExplainOptions& options, const Explanation& told) {
  if (!told.fix)
    std::cerr << "vpcwall: nothing to fix, so " << options.write_fixed << " is not written\n";
  else if (!told.fix->policy)
    std::cerr << "vpcwall: no rule helps, so " << options.write_fixed << " is not written\n";
  else
    write_policy(options.write_fixed, *told.fix->policy);
}

int explain_from_file(const ExplainOptions& options) {
  const PolicyFile file = read_policy_file(options.policy);
  print_diagnostics(file.diagnostics, false);
  if (!file.policy) return exit_status::bad_input;
  const auto inquiry = resolve(ask_of(options), *file.policy);
  if (!inquiry) throw CLI::ValidationError("explain", inquiry.error());
  CompileContext context;
  const auto compiled = compile(*file.policy, context, 1);
  const JudgedPolicy judged{*file.policy, *compiled, context.slots, options.policy};
  const Explanation told = explain(judged, *inquiry);
  const int status = print(options, to_json(told, judged));
  if (!options.write_fixed.empty()) write_fixed(options, told);
  return status;
}

int explain_from_daemon(const ExplainOptions& options) {
  const ControlClient client(options.socket);
  return print(options, client.request({{"verb", "explain"}, {"ask", to_json(ask_of(options))}}));
}

}  // namespace

void add_explain_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("explain", "Say what happens to a request and to its reply, gate by gate");
  const auto options = std::make_shared<ExplainOptions>();
  auto* policy =
      verb->add_option("--policy", options->policy, "Policy file; without it the running daemon is asked")
          ->type_name("FILE");
  add_socket_options(*verb, options->socket);
  verb->add_option("--protocol", options->ask.protocol, "tcp, udp, icmp, icmpv6 or a number")
      ->capture_default_str();
  verb->add_option("--source", options->source, "Address or interface name, with :port if wanted")
      ->required();
  verb->add_option("--destination", options->destination, "Address or interface name, with :port")
      ->required();
  verb->add_option("--type", options->type, "ICMP type; echo request unless given")
      ->check(CLI::Range(0, 255));
  verb->add_option("--code", options->code, "ICMP code")->check(CLI::Range(0, 255));
  verb->add_option("--client", options->ask.client,
                   "Whose source ports: linux, windows, nat, elb or custom:LOW-HIGH");
  verb->add_option("--leaves", options->ask.leaves, "Interface that it leaves, whatever its source address");
  verb->add_option("--enters", options->ask.enters, "Interface that it enters, whatever its destination");
  verb->add_option_function<std::string>(
          "--expect", [options](const std::string& word) { options->ask.expect_blocked = word == "blocked"; },
          "pass or blocked: what is wanted, and what a fix is to bring about")
      ->check(CLI::IsMember({"pass", "blocked"}));
  verb->add_option("--write-fixed", options->write_fixed, "Write the policy with the fix applied")
      ->type_name("FILE")
      ->needs(policy);
  verb->add_flag("--json", options->json, "Print JSON");
  verb->callback([options, &exit_status] {
    exit_status = options->policy.empty() ? explain_from_daemon(*options) : explain_from_file(*options);
  });
}

}  // namespace vpcwall
