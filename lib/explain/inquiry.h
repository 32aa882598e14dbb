// What somebody wants explained: a request in words (Ask), and the same with names resolved against a policy
// (Inquiry).
//
// An Ask is what the command line and the control socket say, as JSON:
//
//   {"protocol": "tcp", "source": "203.0.113.12", "destination": "web", "destination_port": 443,
//    "source_port": 40000, "type": 8, "code": 0, "client": "linux", "leaves": "nat", "enters": "nat",
//    "expect": "pass" or "blocked"}
//
// `source` and `destination` are addresses or interfaces of the policy, by name or id; a name stands for the
// interface's first address of the family that the other end speaks. Without `source_port` the client draws
// its port from the range of `client` (linux unless given), and all of that range is looked at. `leaves` and
// `enters` name interfaces that the packet passes whatever its addresses say: a router, a NAT instance.
// Errors are sentences for whoever asked. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/expected.h"
#include "engine/journey.h"
#include "explain/client_ports.h"
#include "policy/policy.h"

namespace vpcwall {

struct Ask {
  std::string protocol = "tcp";
  std::string source, destination;
  std::optional<std::uint16_t> source_port, destination_port;
  std::optional<std::uint8_t> type, code;
  std::string client;  // empty: by the source port, or linux
  std::string leaves, enters;
  bool expect_blocked = false;
};

[[nodiscard]] nlohmann::ordered_json to_json(const Ask& ask);
[[nodiscard]] Expected<Ask, std::string> read_ask(const nlohmann::json& json);

struct Inquiry {
  Packet request;
  PortRange source_ports;  // of requests like this one, all of which are looked at
  ClientPorts client;      // what replies have to reach: what a fix opens for them
  bool exact_port = true;  // somebody named the source port: live flows of that very tuple matter
  InterfaceIndex leaves = no_interface, enters = no_interface;  // no_interface: by address
  bool expect_blocked = false;

  [[nodiscard]] Journey journey(const CompiledPolicy& policy) const noexcept;
};

[[nodiscard]] Expected<Inquiry, std::string> resolve(const Ask& ask, const Policy& policy);
// About a packet in hand.
[[nodiscard]] Inquiry inquiry_about(const Packet& request);

}  // namespace vpcwall
