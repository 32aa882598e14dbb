// The verbs that ask the running daemon what it does: status, rules.
#include <iostream>
#include <memory>

#include "cli/control/control_client.h"
#include "cli/control/control_socket.h"
#include "cli/text/shown.h"
#include "cli/verbs.h"
#include "control/report_text.h"

namespace vpcwall {
namespace {

struct OnlineOptions {
  std::string socket;
  bool json = false;
};

nlohmann::ordered_json ask(const OnlineOptions& options, const nlohmann::json& request) {
  return ControlClient(options.socket).request(request);
}

int print(const OnlineOptions& options, const nlohmann::json& request,
          std::string (*text)(const nlohmann::ordered_json&)) {
  const nlohmann::ordered_json report = ask(options, request);
  std::cout << (options.json ? report.dump(2) + '\n' : text(shown(report)));
  return exit_status::ok;
}

struct Verb {
  CLI::App* app;
  std::shared_ptr<OnlineOptions> options;
};

Verb add(CLI::App& app, const char* name, const char* help) {
  auto* verb = app.add_subcommand(name, help);
  const auto options = std::make_shared<OnlineOptions>();
  add_socket_options(*verb, options->socket);
  verb->add_flag("--json", options->json, "Print JSON");
  return {verb, options};
}

}  // namespace

void add_online_verbs(CLI::App& app, int& exit_status) {
  const Verb status = add(app, "status", "The running daemon: policy, hooks, queues, flows");
  status.app->callback([options = status.options, &exit_status] {
    exit_status = print(*options, {{"verb", "status"}}, status_text);
  });
  const Verb rules = add(app, "rules", "Every rule and entry with packets, bytes and last hit");
  rules.app->callback([options = rules.options, &exit_status] {
    exit_status = print(*options, {{"verb", "rules"}}, rules_text);
  });
}

}  // namespace vpcwall
