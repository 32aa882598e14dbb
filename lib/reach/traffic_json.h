// Parts of the JSON that `reach` and `diff` share.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "reach/line.h"

namespace vpcwall {

// {"protocol": "tcp", "ports": "443"}, {"protocol": "icmp", "type": "3", "code": "0-3"}, {"protocol": "47"},
// {"protocol": "other", "numbers": ["0", "2-5", …]}.
[[nodiscard]] nlohmann::ordered_json traffic_json(const TrafficSlice& slice, const TrafficSpace& space);

[[nodiscard]] nlohmann::ordered_json ranges_json(std::span<const AddressRange> ranges);
[[nodiscard]] nlohmann::ordered_json ranges_json(std::span<const PortRange> ranges);

// {"name", "kind", "id", "addresses"}.
[[nodiscard]] nlohmann::ordered_json endpoint_json(const EndpointMap& endpoints, const Endpoint& endpoint);

// {"packet": {…}, "explain": "vpcwall explain …"}.
[[nodiscard]] nlohmann::ordered_json witness_json(const Packet& request, const std::string& policy_file);

}  // namespace vpcwall
