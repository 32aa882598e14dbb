#include "cli/replay/replay_json.h"

#include <array>
#include <ctime>

#include "control/reports.h"
#include "replay/decision_text.h"
#include "replay/packet_json.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr const char* schema = "vpcwall/replay/1";

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

ordered_json unjudged_json(const Arrival& arrival) {
  switch (arrival.kind) {
    case Arrival::Kind::held: return {{"verdict", "held"}, {"reason", "fragment"}};
    case Arrival::Kind::cut: return {{"verdict", "none"}, {"reason", "cut"}};
    default: return {{"verdict", "none"}, {"reason", "not-ip"}};
  }
}

ordered_json decision_json(const PlayedFrame& frame, std::size_t policy, const PlayedPolicy& played) {
  const auto& decision = frame.decisions[policy];
  return decision ? played.replay.simulation().json(*decision) : unjudged_json(frame.arrival);
}

ordered_json packets_json(const PlayedCapture& capture, const CaptureReplay& replay) {
  const auto count = [&](Arrival::Kind kind) { return replay.count(kind); };
  return {{"judged", count(Arrival::Kind::packet)},
          {"accepted", replay.accepted()},
          {"dropped", replay.dropped()},
          {"damaged", count(Arrival::Kind::damaged)},
          {"fragments_held", count(Arrival::Kind::held)},
          {"fragments_left_over", capture.arrivals.left_over()},
          {"not_ip", count(Arrival::Kind::not_ip)},
          {"cut", count(Arrival::Kind::cut)}};
}

ordered_json conversation_json(const Conversation& conversation, const Simulation& simulation) {
  ordered_json json;
  json["conversation"] = describe(conversation);
  json["protocol"] = to_string(conversation.first_packet.protocol);
  json["source"] = to_string(conversation.first_packet.source);
  json["destination"] = to_string(conversation.first_packet.destination);
  if (has_ports(conversation.first_packet.protocol)) {
    json["source_port"] = conversation.first_packet.source_port;
    json["destination_port"] = conversation.first_packet.destination_port;
  }
  json["packets"] = conversation.packets;
  json["bytes"] = conversation.bytes;
  json["first"] = seconds_of(conversation.first);
  json["last"] = seconds_of(conversation.last);
  json["accepted"] = conversation.accepted;
  json["dropped"] = conversation.dropped;
  auto& gates = json["gates"] = ordered_json::array();
  for (const OutcomeCount& outcome : conversation.outcomes) {
    gates.push_back(to_json(outcome.gate, simulation.policy(), simulation.slots()));
    gates.back()["packets"] = outcome.packets;
  }
  return json;
}

ordered_json conversations_json(const CaptureReplay& replay, const ReplayJsonOptions& options) {
  ordered_json json{{"total", replay.conversations().all().size()},
                    {"packets_beyond", replay.conversations().packets_without_room()},
                    {"listed", ordered_json::array()}};
  for (const Conversation& conversation : replay.conversations().all()) {
    if (options.only_dropped && conversation.dropped == 0) continue;
    if (json["listed"].size() == options.limit) break;
    json["listed"].push_back(conversation_json(conversation, replay.simulation()));
  }
  return json;
}

ordered_json policy_json(const PlayedCapture& capture, const PlayedPolicy& played,
                         const ReplayJsonOptions& options) {
  const Simulation& simulation = played.replay.simulation();
  const std::array<const Counters*, 1> counters{&simulation.shard().counters()};
  const ordered_json counted =
      rules_report(simulation.policy(), simulation.slots(), counters, Simulation::time_point(capture.length));
  return {{"policy", played.file},        {"packets", packets_json(capture, played.replay)},
          {"gates", counted.at("gates")}, {"reasons", counted.at("reasons")},
          {"rules", counted.at("rules")}, {"conversations", conversations_json(played.replay, options)}};
}

ordered_json capture_json(const PlayedCapture& capture) {
  ordered_json json{{"file", capture.file},
                    {"link_type", to_string(capture.link_type)},
                    {"frames", capture.frames},
                    {"begun", capture.frames > 0 ? ordered_json(utc_text(capture.begun)) : ordered_json()},
                    {"seconds", seconds_of(capture.length)},
                    {"set_back", capture.arrivals.set_back()},
                    {"farthest_back_seconds", seconds_of(capture.arrivals.farthest_back())}};
  json["damage"] = capture.damage.empty() ? ordered_json() : ordered_json(capture.damage);
  return json;
}

ordered_json differences_json(const PlayedCapture& capture, const ReplayJsonOptions& options) {
  ordered_json json{{"packets", capture.differing()},
                    {"only_first_accepts", capture.only_first_accepts},
                    {"only_second_accepts", capture.only_second_accepts}};
  auto& listed = json["conversations"] = ordered_json::array();
  const auto& first = capture.policies[0]->replay.conversations().all();
  const auto& second = capture.policies[1]->replay.conversations().all();
  for (std::size_t i = 0; i < first.size() && listed.size() < options.limit; ++i) {
    if (first[i].differing == 0) continue;
    listed.push_back({{"conversation", describe(first[i])},
                      {"packets", first[i].packets},
                      {"differing", first[i].differing},
                      {"accepted", {first[i].accepted, second[i].accepted}}});
  }
  return json;
}

}  // namespace

std::string utc_text(std::chrono::nanoseconds since_1970) {
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(since_1970);
  const auto time = static_cast<std::time_t>(second.count());
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  const std::string fraction = std::to_string((since_1970 - second).count());
  return std::string(text.data(), size) + std::string(9 - fraction.size(), '0') + fraction + 'Z';
}

ordered_json frame_json(const PlayedFrame& frame, const PlayedCapture& capture) {
  const Arrival& arrival = frame.arrival;
  ordered_json json{{"schema", schema},
                    {"kind", "packet"},
                    {"number", arrival.number},
                    {"at", seconds_of(arrival.at)},
                    {"time", utc_text(frame.time)}};
  if (arrival.kind == Arrival::Kind::packet) json["packet"] = to_json(arrival.packet);
  if (arrival.kind == Arrival::Kind::damaged) json["error"] = to_string(arrival.error);
  if (arrival.kind == Arrival::Kind::not_ip) json["link_protocol"] = arrival.protocol;
  if (arrival.fragments > 0) json["fragments"] = arrival.fragments;
  if (!capture.is_comparison()) {
    json.update(decision_json(frame, 0, *capture.policies[0]));
    return json;
  }
  auto& decisions = json["decisions"] = ordered_json::array();
  for (std::size_t i = 0; i < frame.decisions.size(); ++i) {
    ordered_json entry{{"policy", capture.policies[i]->file}};
    entry.update(decision_json(frame, i, *capture.policies[i]));
    decisions.push_back(std::move(entry));
  }
  return json;
}

ordered_json summary_json(const PlayedCapture& capture, const ReplayJsonOptions& options) {
  ordered_json json{{"schema", schema}, {"kind", "summary"}, {"capture", capture_json(capture)}};
  auto& policies = json["policies"] = ordered_json::array();
  for (const auto& played : capture.policies) policies.push_back(policy_json(capture, *played, options));
  if (capture.is_comparison()) json["differences"] = differences_json(capture, options);
  return json;
}

}  // namespace vpcwall
