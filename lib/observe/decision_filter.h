// Which decisions an observer wants to hear of, as written: names and ids, bound to no policy.
//
//   {"denied": true, "interface": ["web"], "group": [], "acl": ["public"], "rule": ["100", "*"],
//    "protocol": ["tcp"], "port": ["22", "1024-65535"], "source": ["203.0.113.0/24"],
//    "destination": ["10.0.1.10"], "cidr": []}
//
// Each key may be left out and may have one value instead of a list. Of the values of one key one has to
// hold, of the keys all: see bound_filter.h. A value; any thread.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/expected.h"
#include "net/address.h"
#include "net/protocol.h"

namespace vpcwall {

struct DecisionFilter {
  bool denied = false;                                    // only what was dropped
  std::vector<std::string> interfaces, groups, acls;      // names or ids
  std::vector<std::string> rules;                         // entry numbers, `*`, ids of group rules
  std::vector<Protocol> protocols;                        // of the packet
  std::vector<PortRange> ports;                           // of either end
  std::vector<Prefix> sources, destinations, either_end;  // `either_end`: source or destination
  friend bool operator==(const DecisionFilter&, const DecisionFilter&) = default;
};

inline constexpr std::size_t most_filter_values = 16;  // of one key
inline constexpr std::size_t longest_filter_value = 256;

// The error is a sentence for whoever wrote it: what was found, what was expected.
[[nodiscard]] Expected<DecisionFilter, std::string> read_filter(const nlohmann::json& json);

}  // namespace vpcwall
