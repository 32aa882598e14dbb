// Who reaches whom, for people and for programs. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reach/reach.h"

namespace vpcwall {

// What a matrix says of two endpoints.
enum class CellMark : std::uint8_t {
  nothing,    // nothing reaches
  answered,   // all that reaches is answered, as far as anybody answers
  half_open,  // some of what reaches is never answered, or not to all client ports
  not_told,   // the same endpoint, or two that no interface takes part in
};
[[nodiscard]] CellMark mark_of(const Reach& reach, std::size_t from, std::size_t to);

// What of a line's traffic is said together: everything between two endpoints that has one kind of reply.
struct ReachRow {
  std::size_t from = 0, to = 0;
  std::string from_text, to_text;  // with the addresses, where they are not all of the endpoint's
  std::string family;              // "IPv4", "IPv6" or "both"
  std::string traffic;             // "tcp 443, icmp type 8"
  ReplyFate reply = ReplyFate::passes;
  std::string reply_text;  // "passes", "blocked by network ACL public, egress rule *"
};
[[nodiscard]] std::vector<ReachRow> rows_of(const Reach& reach);

// {"schema": "vpcwall/reach/1", "policy", "client_ports", "endpoints", "reaches", "exchanges"}
[[nodiscard]] nlohmann::ordered_json to_json(const Reach& reach, const std::string& policy_file);

// A matrix of marks, if it is not too wide, and a table of what reaches.
[[nodiscard]] std::string reach_text(const Reach& reach, bool colour);

}  // namespace vpcwall
