// A packet as JSON, as people write it and as vpcwall shows it:
//
//   {"protocol": "tcp", "source": "203.0.113.12", "source_port": 40000,
//    "destination": "10.0.0.5", "destination_port": 443, "flags": "S", "length": 60}
//
// Protocols other than tcp, udp, icmp and icmpv6 are numbers; ICMP has `type`, `code`, `id`; an ICMP error
// may carry `quoted`, the packet it speaks of; `hop_limit` is 64 and `length` 60 unless written; `flags` are
// letters of SAFRPU; `truncated: true` cuts the transport header (S-69), `lost: true` is an IPv6 packet whose
// extension headers cannot be followed (S-68).
//
// What to_json() writes, read_packet() reads back as the same packet, for every packet that
// parse_packet() makes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/expected.h"
#include "net/packet.h"

namespace vpcwall {

struct JsonMistake {
  std::string message;  // what was found, what was expected
};

[[nodiscard]] Expected<Packet, JsonMistake> read_packet(const nlohmann::json& json);
[[nodiscard]] nlohmann::ordered_json to_json(const Packet& packet);

}  // namespace vpcwall
