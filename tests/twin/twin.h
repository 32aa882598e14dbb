// The naive twin: the semantics of AWS's VPC firewall a second time, slow and obvious.
//
// Tests ask the twin and the engine the same questions and compare every answer. The twin is worth something
// only as long as it is written from the facts and not from the engine: see README.md.
//
// It works on the Policy as written, and searches everything anew for each packet. `at` is the time since
// the start; it must not decrease. Throws std::invalid_argument if a path names an interface that the policy
// does not have. One thread at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/packet.h"
#include "policy/origin.h"
#include "policy/policy.h"
#include "twin/flows.h"

namespace vpcwall::twin {

// What one gate said.
struct GateAnswer {
  std::string gate;   // exempt, source-dest-check, acl-ingress, acl-egress, sg-ingress, sg-egress
  std::string place;  // ACL gates: the subnet's name; other gates: the interface's name; exempt: empty
  std::string
      outcome;       // ACL gates: allow, deny. Group gates: new, tracked, untracked, no-state, pmtud, deny,
                     // table-full. source-dest-check: deny (it stands only when it refuses). exempt: exempt
  std::string rule;  // ACL gates: the number or "*"; otherwise empty
  friend bool operator==(const GateAnswer&, const GateAnswer&) = default;
};

// The gates in the order met; the list ends with the gate that refused; exempt stands alone (O-1, O-2).
struct Answer {
  bool accept = false;
  std::vector<GateAnswer> gates;
  friend bool operator==(const Answer&, const Answer&) = default;
};

// One side of a packet's way.
struct Side {
  Direction direction = Direction::ingress;
  std::string interface;  // its name, or its id where it has none
};

class Twin {
 public:
  explicit Twin(Policy policy);

  // Atomic (S-13). Flows that need no state under the new policy lose it (C-25); the flows of an interface
  // that is gone are lost (C-67).
  void reload(Policy policy, Duration at);

  // `path`: at most one side that is left and one that is entered, in any order. An empty one: the addresses
  // say which interfaces take part. `from`: Origin::interface means the device of the side that is left. An
  // interface has a device when the policy names one.
  Answer packet(const Packet& packet, const std::vector<Side>& path, Duration at,
                Origin from = Origin::believed);

 private:
  // One side of the way, found in the policy in force.
  struct Stop {
    Direction direction = Direction::ingress;
    const Interface* interface = nullptr;  // none: an address of the subnet that no interface has (O-20)
    const Subnet* subnet = nullptr;
  };

  [[nodiscard]] bool may_come(const Packet& packet, Origin from, const std::vector<Stop>& way) const;
  // Where a packet is refused that cannot have come from there; nothing: it concerns no interface and no
  // subnet.
  [[nodiscard]] std::string place_of_refusal(const Packet& packet, const std::vector<Stop>& way) const;
  [[nodiscard]] static bool stays_on_its_host(const Packet& packet, const std::vector<Stop>& way);
  [[nodiscard]] static bool stays_in_subnet(const std::vector<Stop>& way);
  void add_stop(std::vector<Stop>& way, Direction direction, const IpAddress& own) const;
  [[nodiscard]] std::vector<Stop> way_by_address(const Packet& packet) const;
  [[nodiscard]] std::vector<Stop> way_by_name(const std::vector<Side>& path) const;
  // Appends the gates met; false: the last of them refused.
  bool judge_side(const Stop& stop, bool crosses, const Packet& packet, Duration at,
                  std::vector<GateAnswer>& gates);
  [[nodiscard]] bool judge_unlisted(const Stop& stop, const Packet& packet,
                                    std::vector<GateAnswer>& gates) const;

  Policy policy_;
  std::map<std::string, FlowTable> tables_;  // by the interface's id (C-67)
};

}  // namespace vpcwall::twin
