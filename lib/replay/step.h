// One line of `vpcwall simulate`: a packet, or a change of policy, at a time.
//
//   {"at": 0.0, "packet": {...}}
//   {"at": 0.0, "packet": {...}, "path": [{"direction": "ingress", "interface": "a1"}]}   one side only
//   {"at": 0.0, "packet": {...}, "from": "uplink"}     or "services"; otherwise from where its source belongs
//   {"at": 40.0, "policy": "changed.yaml"}
//
// Times are seconds and must not decrease; a line without "at" happens at the time of the line before.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/expected.h"
#include "base/time.h"
#include "net/packet.h"
#include "policy/origin.h"
#include "policy/policy.h"
#include "replay/packet_json.h"

namespace vpcwall {

struct PathSide {
  Direction direction = Direction::ingress;
  std::string interface;  // name or id
};

struct PacketStep {
  Packet packet;
  std::vector<PathSide> path;  // empty: the addresses say which interfaces take part
  Origin from = Origin::believed;
};
struct PolicyStep {
  std::string file;
};

struct Step {
  std::optional<Duration> at;  // since the start
  std::variant<PacketStep, PolicyStep> what;
};

[[nodiscard]] Expected<Step, JsonMistake> read_step(std::string_view line);

}  // namespace vpcwall
