#include "replay/step.h"

#include <cmath>

namespace vpcwall {
namespace {

using nlohmann::json;

constexpr double longest_seconds = 1e9;  // thirty years; keeps nanoseconds inside 64 bits

Unexpected<JsonMistake> mistake(std::string message) { return Unexpected{JsonMistake{std::move(message)}}; }

Expected<std::vector<PathSide>, JsonMistake> read_path(const json& value) {
  std::vector<PathSide> path;
  if (!value.is_array() || value.empty() || value.size() > 2)
    return mistake("found " + value.dump().substr(0, 60) +
                   " for \"path\", expected a list of one or two sides");
  for (const json& side : value) {
    const bool complete = side.is_object() && side.contains("direction") && side.contains("interface") &&
                          side.at("direction").is_string() && side.at("interface").is_string() &&
                          side.size() == 2;
    if (!complete)
      return mistake(
          "found " + side.dump().substr(0, 60) +
          " in \"path\", expected {\"direction\": \"ingress\" or \"egress\", \"interface\": NAME}");
    const std::string direction = side.at("direction").get<std::string>();
    if (direction != "ingress" && direction != "egress")
      return mistake("found \"" + direction + "\" for \"direction\", expected ingress or egress");
    path.push_back({direction == "ingress" ? Direction::ingress : Direction::egress,
                    side.at("interface").get<std::string>()});
  }
  if (path.size() == 2 && path[0].direction == path[1].direction)
    return mistake("both sides of \"path\" have the same direction, expected one egress and one ingress");
  return path;
}

}  // namespace

Expected<Step, JsonMistake> read_step(std::string_view line) {
  const json object = json::parse(line, nullptr, false);
  if (object.is_discarded()) return mistake("not JSON, expected one object per line");
  if (!object.is_object()) return mistake("found " + object.dump().substr(0, 60) + ", expected an object");
  for (const auto& [key, value] : object.items())
    if (key != "at" && key != "packet" && key != "path" && key != "from" && key != "policy")
      return mistake("unknown key \"" + key + "\", expected at, packet, path, from or policy");

  Step step;
  if (const auto at = object.find("at"); at != object.end()) {
    const double seconds = at->is_number() ? at->get<double>() : -1;
    if (!(seconds >= 0) || seconds > longest_seconds)
      return mistake("found " + at->dump() + " for \"at\", expected seconds from 0 on");
    step.at = Duration(std::llround(seconds * 1e9));
  }
  if (object.contains("packet") == object.contains("policy"))
    return mistake("expected either \"packet\" or \"policy\"");
  if (object.contains("policy")) {
    if (!object.at("policy").is_string() || object.contains("path") || object.contains("from"))
      return mistake("\"policy\" takes the name of a file, and neither \"path\" nor \"from\"");
    step.what = PolicyStep{object.at("policy").get<std::string>()};
    return step;
  }
  auto packet = read_packet(object.at("packet"));
  if (!packet) return Unexpected{packet.error()};
  PacketStep packet_step{*packet, {}, Origin::believed};
  if (object.contains("path")) {
    auto path = read_path(object.at("path"));
    if (!path) return Unexpected{path.error()};
    packet_step.path = *path;
  }
  if (const auto from = object.find("from"); from != object.end()) {
    if (*from != "uplink" && *from != "services")
      return mistake("found " + from->dump().substr(0, 60) + " for \"from\", expected uplink or services");
    packet_step.from = *from == "uplink" ? Origin::uplink : Origin::services;
  }
  step.what = std::move(packet_step);
  return step;
}

}  // namespace vpcwall
