// The conformance cases through the twin: what was written from the facts alone agrees with every case.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "scenario/scenario_reader.h"
#include "twin/twin.h"

namespace vpcwall::twin {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

GateAnswer answer_of(const ExpectedGate& gate) {
  const bool acl = gate.gate == Gate::acl_ingress || gate.gate == Gate::acl_egress;
  return {std::string(to_string(gate.gate)), gate.place, std::string(to_string(gate.outcome)),
          acl ? gate.rule : ""};
}

// Packets that were compared.
std::size_t play(const Scenario& scenario) {
  Twin twin(scenario.policy);
  Duration now{};
  std::size_t packets = 0;
  for (const ScenarioStep& step : scenario.steps) {
    if (const auto* wait = std::get_if<Wait>(&step.what)) now += wait->duration;
    if (const auto* change = std::get_if<Change>(&step.what); change != nullptr && change->after)
      twin.reload(*change->after, now);
    const auto* check = std::get_if<PacketCheck>(&step.what);
    // Putting fragments together is not the twin's part: it judges datagrams that are whole.
    if (check == nullptr || (!check->fragments.empty() && check->gates.empty())) continue;
    std::vector<Side> path;
    for (const PathSide& side : check->injected.path) path.push_back({side.direction, side.interface});
    const Answer answer = twin.packet(check->injected.packet, path, now, check->injected.from);
    std::vector<GateAnswer> expected;
    for (const ExpectedGate& gate : check->gates) expected.push_back(answer_of(gate));
    EXPECT_TRUE(answer.gates == expected) << scenario.id << ": " << step.text;
    EXPECT_EQ(answer.accept, check->fate == Fate::accept) << scenario.id << ": " << step.text;
    ++packets;
  }
  return packets;
}

TEST(TwinConformance, AgreesWithEveryCase) {
  const fs::path folder = "tests/conformance";
  std::size_t cases = 0, packets = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml" || entry.path().filename() == "lab.yaml") continue;
    const LoadedScenarios loaded =
        load_scenarios(text_of(entry.path()), entry.path().string(),
                       [&](const std::string& name) -> Expected<std::string, JsonMistake> {
                         return text_of(folder / name);
                       });
    ASSERT_TRUE(loaded.file) << entry.path();
    cases += loaded.file->scenarios.size();
    for (const Scenario& scenario : loaded.file->scenarios) packets += play(scenario);
  }
  EXPECT_EQ(cases, 226U);
  EXPECT_EQ(packets, 636U) << "640 packets less four fragments that complete nothing";
}

}  // namespace
}  // namespace vpcwall::twin
