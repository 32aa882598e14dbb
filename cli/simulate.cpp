// vpcwall simulate POLICY: steps as JSON lines on standard input, one decision per packet line on standard
// output.
#include <iostream>
#include <memory>
#include <string>

#include "cli/files/policy_file.h"
#include "cli/verbs.h"
#include "replay/simulation.h"

namespace vpcwall {
namespace {

constexpr std::size_t max_step_bytes = std::size_t{64} << 10U;

int complain(std::size_t line, const std::string& message) {
  std::cerr << "stdin:" << line << ":1: error: " << message << '\n';
  return exit_status::bad_input;
}

int simulate(const std::string& path) {
  PolicyFile file = read_policy_file(path);
  print_diagnostics(file.diagnostics, false);
  if (!file.policy) return exit_status::bad_input;
  Simulation simulation(*file.policy);

  Duration now{};
  std::string text;
  for (std::size_t line = 1; std::getline(std::cin, text); ++line) {
    if (text.size() > max_step_bytes) return complain(line, "step longer than 65536 bytes");
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto step = read_step(text);
    if (!step) return complain(line, step.error().message);
    if (step->at && *step->at < now)
      return complain(line, "\"at\" goes back in time; steps must stand in the order of their times");
    now = step->at.value_or(now);

    if (const auto* change = std::get_if<PolicyStep>(&step->what)) {
      file = read_policy_file(change->file);
      print_diagnostics(file.diagnostics, false);
      if (!file.policy) return complain(line, "the policy " + change->file + " is not valid");
      simulation.reload(*file.policy, now);
      continue;
    }
    const PacketStep& packet = std::get<PacketStep>(step->what);
    const auto journey = simulation.journey(packet);
    if (!journey) return complain(line, journey.error().message);
    std::cout << simulation.json(simulation.packet(packet.packet, *journey, now)).dump() << '\n';
    // Whoever feeds us line by line may wait for the answer before the next step.
    std::cout.flush();
  }
  return exit_status::ok;
}

}  // namespace

void add_simulate_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("simulate", "Judge packets given as JSON lines on standard input");
  const auto path = std::make_shared<std::string>();
  verb->add_option("POLICY", *path, "Policy file")->type_name("FILE")->required();
  const auto json = std::make_shared<bool>(true);
  verb->add_flag("--json", *json, "As always: the output is JSON lines");
  verb->callback([path, json, &exit_status] { exit_status = simulate(*path); });
}

}  // namespace vpcwall
