// A packet and the gate that decided about it in a few words, from their JSON in the daemon's answers.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace vpcwall {

// "tcp", "icmp 8/0", "47"
[[nodiscard]] std::string protocol_text(const nlohmann::ordered_json& packet);
// "203.0.113.12:40000", "[2001:db8::1]:443", "10.0.0.5"; `address` and `port` are keys of the packet.
[[nodiscard]] std::string endpoint_text(const nlohmann::ordered_json& packet, const char* address,
                                        const char* port);
// "acl-ingress public entry 90", "sg-ingress web implicit deny", "sg-ingress web rule sgr-1 of web (new)"
[[nodiscard]] std::string gate_text(const nlohmann::ordered_json& gate);
// 1204 -> "1,204"
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace vpcwall
