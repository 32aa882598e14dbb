#include "scenario/report.h"

#include <algorithm>

#include "scenario/gate_text.h"
#include "scenario/packet_text.h"

namespace vpcwall {
namespace {

std::string gates_text(const std::vector<ExpectedGate>& gates) {
  std::string text;
  for (const ExpectedGate& gate : gates) text += (text.empty() ? "" : ", ") + to_string(gate);
  return text.empty() ? "no gate" : text;
}

nlohmann::ordered_json gates_json(const std::vector<ExpectedGate>& gates) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ExpectedGate& gate : gates) list.push_back(to_string(gate));
  return list;
}

}  // namespace

std::string seen_text(const SeenPacket& seen) {
  return std::string(to_string(seen.fate)) + ": " + gates_text(seen.gates);
}

nlohmann::ordered_json to_json(const SeenPacket& seen) {
  return {{"verdict", to_string(seen.fate)},
          {"reason", to_string(seen.reason)},
          {"gates", gates_json(seen.gates)}};
}

std::size_t packet_count(const Scenario& scenario) noexcept {
  return static_cast<std::size_t>(
      std::count_if(scenario.steps.begin(), scenario.steps.end(),
                    [](const ScenarioStep& step) { return std::holds_alternative<PacketCheck>(step.what); }));
}

std::string failure_text(const Scenario& scenario, const ScenarioOutcome& outcome, const std::string& file) {
  std::string text = scenario.id + "  " + scenario.title + '\n';
  for (std::size_t i = 0; i < outcome.steps.size(); ++i) {
    const StepOutcome& result = outcome.steps[i];
    if (result.passed) continue;
    const ScenarioStep& step = scenario.steps.at(i);
    text += "  " + file + ':' + std::to_string(step.at.line) + ':' + std::to_string(step.at.column) +
            ": step " + std::to_string(i + 1) + ": " + step.text + ": " + result.difference + '\n';
    const auto* check = std::get_if<PacketCheck>(&step.what);
    if (check == nullptr || !result.seen) {
      for (const std::string& line : result.trace) text += "    " + line + '\n';
      continue;
    }
    text += "    packet    " + packet_text(check->injected.packet) + '\n';
    text += "    expected  " + std::string(to_string(check->fate)) + ": " + gates_text(check->gates) + '\n';
    text += "    actual    " + seen_text(*result.seen) + " (" + std::string(to_string(result.seen->reason)) +
            ")\n";
    for (std::size_t line = 0; line < result.trace.size(); ++line)
      text += (line == 0 ? "    trace     " : "              ") + result.trace[line] + '\n';
  }
  return text;
}

nlohmann::ordered_json to_json(const Scenario& scenario, const ScenarioOutcome& outcome) {
  nlohmann::ordered_json json{{"id", scenario.id},
                              {"title", scenario.title},
                              {"covers", scenario.covers},
                              {"passed", outcome.passed()},
                              {"packets", packet_count(scenario)}};
  json["failures"] = nlohmann::ordered_json::array();
  json["not_sent"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < outcome.steps.size(); ++i) {
    const StepOutcome& result = outcome.steps[i];
    if (!result.not_sent.empty()) json["not_sent"].push_back({{"step", i + 1}, {"reason", result.not_sent}});
    if (result.passed) continue;
    const ScenarioStep& step = scenario.steps.at(i);
    nlohmann::ordered_json failure{
        {"step", i + 1}, {"line", step.at.line}, {"text", step.text}, {"difference", result.difference}};
    const auto* check = std::get_if<PacketCheck>(&step.what);
    if (check != nullptr && result.seen) {
      failure["expected"] = {{"verdict", to_string(check->fate)}, {"gates", gates_json(check->gates)}};
      failure["actual"] = to_json(*result.seen);
      failure["trace"] = result.trace;
    }
    json["failures"].push_back(std::move(failure));
  }
  return json;
}

}  // namespace vpcwall
