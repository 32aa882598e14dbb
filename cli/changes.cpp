// The verbs that change the running daemon's policy, or tell how it changed: reload, apply, confirm,
// rollback, history.
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/control/control_client.h"
#include "cli/control/control_socket.h"
#include "cli/control/sealed_memory.h"
#include "cli/files/input_file.h"
#include "cli/files/policy_file.h"
#include "cli/history_check.h"
#include "cli/policy_comparison.h"
#include "cli/shadow.h"
#include "cli/standard_output.h"
#include "cli/text/shown.h"
#include "cli/verbs.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

struct ChangeOptions {
  std::string socket;
  bool json = false;
  std::string file;                  // apply
  bool plan = false;                 // apply
  bool shadow = false;               // apply
  std::uint64_t shadow_for = 0;      // seconds; 0: until interrupted
  bool verify = false;               // history
  std::string directory;             // history --verify; empty: the daemon says
  std::uint64_t number = 0;          // rollback, history --show; 0: not said
  std::uint64_t confirm_within = 0;  // seconds; 0: no need to confirm
};

std::string outcome_text(const nlohmann::json& report) {
  std::string text =
      "generation " + std::to_string(report.at("generation").get<std::uint64_t>()) + " in force";
  if (report.contains("number"))
    text += ", policy " + std::to_string(report.at("number").get<std::uint64_t>()) + " of the history";
  text += '\n';
  for (const auto& [key, sign] :
       {std::pair("added", "+ "), std::pair("removed", "- "), std::pair("changed", "~ ")})
    for (const auto& rule : report.at(key)) text += sign + rule.get<std::string>() + '\n';
  if (report.contains("confirm_within_seconds"))
    text += "It goes again in " + std::to_string(report.at("confirm_within_seconds").get<std::uint64_t>()) +
            " seconds, unless: vpcwall confirm\n";
  return text;
}

int print_outcome(const ChangeOptions& options, const char* verb, const nlohmann::json& report) {
  const bool accepted = report.at("accepted").get<bool>();
  if (options.json) {
    std::cout << report.dump(2) << '\n';
  } else {
    for (const auto& line : shown(report.at("diagnostics"))) std::cerr << line.get<std::string>() << '\n';
    if (accepted)
      std::cout << outcome_text(shown(report));
    else
      std::cerr << "vpcwall: " << verb << " refused, the old policy stays in force\n";
  }
  if (!accepted) return exit_status::negative;
  return report.at("everywhere").get<bool>() ? exit_status::ok : exit_status::negative;
}

// The policy of the daemon: that in force, or one of its history.
nlohmann::json policy_of(const ChangeOptions& options) {
  nlohmann::json request{{"verb", "policy"}};
  if (options.number != 0) request["number"] = options.number;
  return ControlClient(options.socket).request(request);
}

int plan(const ChangeOptions& options) {
  const PolicyFile after = read_policy_file(options.file);
  print_diagnostics(after.diagnostics, true);
  if (!after.policy) return exit_status::bad_input;
  const nlohmann::json found = policy_of(options);
  const std::string name = found.at("name").get<std::string>();
  const LoadedPolicy before = load_policy(found.at("text").get<std::string>(), name);
  if (!before.policy)
    throw std::runtime_error("the daemon's policy (" + name + ") is not one that this command can read");
  ComparisonOptions comparison;
  comparison.json = options.json;
  return print_comparison(*before.policy, *after.policy, {name, options.file}, comparison);
}

int apply(const ChangeOptions& options) {
  if (options.plan) return plan(options);
  const auto text = read_input_file(options.file);
  if (!text) {
    std::cerr << to_string(text.error()) << '\n';
    return exit_status::bad_input;
  }
  if (options.shadow) return shadow({options.socket, options.file, *text, options.shadow_for, options.json});
  nlohmann::json request{{"verb", "apply"}, {"name", options.file}};
  if (options.confirm_within != 0) request["confirm_within_seconds"] = options.confirm_within;
  const OwnedDescriptor memory = sealed_memory(*text);
  return print_outcome(options, "apply", ControlClient(options.socket).request(request, memory.get()));
}

int rollback(const ChangeOptions& options) {
  nlohmann::json request{{"verb", "rollback"}};
  if (options.number != 0) request["number"] = options.number;
  if (options.confirm_within != 0) request["confirm_within_seconds"] = options.confirm_within;
  return print_outcome(options, "rollback", ControlClient(options.socket).request(request));
}

std::string utc(std::time_t seconds) {
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string history_text(const nlohmann::json& report) {
  std::string text = "  number  when (UTC)           digest        who, how\n";
  for (const auto& past : report.at("policies")) {
    std::string number = std::to_string(past.at("number").get<std::uint64_t>());
    number.insert(0, number.size() < 6 ? 6 - number.size() : 0, ' ');
    constexpr std::size_t kind = 7, shown = 12;  // "sha256:"
    text += (past.at("in_force").get<bool>() ? "* " : "  ") + number + "  " +
            utc(past.at("time").get<std::time_t>()) + "  " +
            past.at("digest").get<std::string>().substr(kind, shown) + "  " +
            past.at("user").get<std::string>() + ", " + past.at("how").get<std::string>() + '\n';
  }
  return text;
}

int history(const ChangeOptions& options) {
  if (options.verify) return check_history({options.socket, options.directory, options.json});
  if (options.number != 0) {
    const nlohmann::json found = policy_of(options);
    if (options.json)
      std::cout << found.dump(2) << '\n';
    else
      print_document(found.at("text").get<std::string>());
    return exit_status::ok;
  }
  const nlohmann::json report = ControlClient(options.socket).request({{"verb", "history"}});
  std::cout << (options.json ? report.dump(2) + '\n' : history_text(shown(report)));
  return exit_status::ok;
}

using Options = std::shared_ptr<ChangeOptions>;

std::pair<CLI::App*, Options> add(CLI::App& app, const char* name, const char* help) {
  auto* verb = app.add_subcommand(name, help);
  const auto options = std::make_shared<ChangeOptions>();
  add_socket_options(*verb, options->socket);
  verb->add_flag("--json", options->json, "Print JSON");
  return {verb, options};
}

CLI::Option* add_time(CLI::App& verb, const char* name, std::uint64_t& seconds, const char* help) {
  return verb.add_option(name, seconds, help)
      ->transform(
          CLI::AsNumberWithUnit(std::map<std::string, std::uint64_t>{{"s", 1}, {"m", 60}, {"h", 3600}},
                                CLI::AsNumberWithUnit::CASE_SENSITIVE, "TIME"))
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{86'400}));
}

CLI::Option* add_confirm_within(CLI::App& verb, const Options& options) {
  return add_time(verb, "--confirm-within", options->confirm_within,
                  "It goes again unless confirmed in this time: 60s, 5m, 1h");
}

}  // namespace

void add_change_verbs(CLI::App& app, int& exit_status) {
  const auto [again, reload_options] =
      add(app, "reload", "Read the policy file again; refused whole if it has a mistake");
  again->callback([options = reload_options, &exit_status] {
    exit_status =
        print_outcome(*options, "reload", ControlClient(options->socket).request({{"verb", "reload"}}));
  });

  const auto [applying, apply_options] =
      add(app, "apply", "Bring a policy into force and make it the policy file");
  applying->add_option("FILE", apply_options->file, "The policy; - is standard input")->required();
  auto* within = add_confirm_within(*applying, apply_options);
  auto* planned = applying->add_flag("--plan", apply_options->plan,
                                     "Only show what would change: rules, and whose verdict");
  auto* tried = applying
                    ->add_flag("--shadow", apply_options->shadow,
                               "Only try it on the packets that come, and list whose verdict would change")
                    ->excludes(planned)
                    ->excludes(within);
  add_time(*applying, "--for", apply_options->shadow_for, "End the trial after this time: 30s, 5m, 1h")
      ->needs(tried);
  applying->callback([options = apply_options, &exit_status] { exit_status = apply(*options); });

  const auto [confirming, confirm_options] =
      add(app, "confirm", "Keep the policy that waits to be confirmed");
  confirming->callback([options = confirm_options, &exit_status] {
    exit_status =
        print_outcome(*options, "confirm", ControlClient(options->socket).request({{"verb", "confirm"}}));
  });

  const auto [back, back_options] =
      add(app, "rollback", "Back to an earlier policy, by its number or to the last other one");
  back->add_option("NUMBER", back_options->number, "Of the history")->check(CLI::PositiveNumber);
  add_confirm_within(*back, back_options);
  back->callback([options = back_options, &exit_status] { exit_status = rollback(*options); });

  const auto [past, past_options] =
      add(app, "history", "The policies that were in force: when, by whom, how");
  auto* show = past->add_option("--show", past_options->number, "Print the policy with this number")
                   ->check(CLI::PositiveNumber);
  auto* verify = past->add_flag("--verify", past_options->verify,
                                "Check that no entry of the audit log was changed or removed")
                     ->excludes(show);
  past->add_option("--directory", past_options->directory,
                   "The state directory that has the log; no daemon is asked")
      ->type_name("DIRECTORY")
      ->needs(verify);
  past->callback([options = past_options, &exit_status] { exit_status = history(*options); });
}

}  // namespace vpcwall
