#include "lint/checks/reply.h"

#include <map>
#include <set>
#include <tuple>

#include "lint/place_gates.h"

namespace vpcwall {
namespace {

constexpr std::uint16_t first_ephemeral = 1024;  // N-36 to N-40: no client's range begins lower
constexpr std::uint16_t many_ports = 1000;

// An entry of this width above the well-known ports is there for replies, not for requests (N-42).
bool is_for_replies(const NetworkAclEntry& entry) {
  const Traffic& traffic = entry.traffic;
  return traffic.protocol && has_ports(*traffic.protocol) && traffic.ports.first >= first_ephemeral &&
         traffic.ports.last - traffic.ports.first >= many_ports;
}

// The echo request of a cell, or its first kind where it has ports; nothing for what expects no reply.
std::optional<TrafficKind> request_of(const Cell& cell) {
  Packet echo;
  echo.protocol = protocol_of(cell.kind);
  if (has_ports(echo.protocol)) return cell.kind;
  if (!is_icmp(echo.protocol) || !can_occur(cell.kind, cell.first.family)) return std::nullopt;
  echo.transport = Transport::whole;
  echo.icmp_type = echo.protocol == Protocol::icmp ? 8 : 128;
  const TrafficKind kind = kind_of(echo);
  return cell.kind <= kind && kind <= cell.last_kind ? std::optional(kind) : std::nullopt;
}

// What one entry's requests of one protocol came to at one place.
struct Outcomes {
  bool answered = false;
  std::optional<Packet> unanswered;
  std::string refused_by;  // the entry that every reply ended at, the last one seen
};

class ReplySearch {
 public:
  ReplySearch(const Place& place, Direction direction, Inspection& inspection)
      : place_(place),
        direction_(direction),
        inspection_(inspection),
        probe_(inspection.probe()),
        gates_(place, inspection.index()),
        allowed_(gates_.allowed_cells(direction)),
        there_(journey(direction)),
        back_(journey(opposite(direction))) {}

  [[nodiscard]] std::map<Protocol, Outcomes> requests_of(const NetworkAclEntry& entry) {
    std::map<Protocol, Outcomes> found;
    const auto own = gates_.own_address(entry.cidr.base.family);
    if (!own) return found;
    const TrafficKinds kinds = whole_kinds(traffic_of(entry));
    for (const Cell& cell : allowed_) {
      const auto kind = request_of(cell);
      if (!kind || !kinds.contains(*kind) || !entry.cidr.contains(cell.first)) continue;
      if (!inspection_.budget().may_ask()) return {};
      const auto peer = probe_.peer_between(cell.first, cell.last);
      if (!peer) continue;
      const Packet request = make_witness(*kind, *own, *peer, direction_);
      Outcomes& outcomes = found[request.protocol];
      if (outcomes.answered || !is_let_pass_by(entry, request)) continue;
      outcomes.answered = is_answered(request, outcomes.refused_by);
      outcomes.unanswered = request;
    }
    return found;
  }

 private:
  [[nodiscard]] Journey journey(Direction direction) const {
    return direction == Direction::ingress ? inspection_.probe().entering(*place_.interface)
                                           : inspection_.probe().leaving(*place_.interface);
  }

  [[nodiscard]] bool is_let_pass_by(const NetworkAclEntry& entry, const Packet& request) {
    const Decision decision = probe_.ask(request, there_);
    return decision.verdict == Verdict::accept &&
           probe_.deciding_entry(decision) == std::to_string(entry.number);
  }

  // Whether a reply arrives for any port that a client may have chosen.
  [[nodiscard]] bool is_answered(Packet request, std::string& refused_by) {
    std::vector<std::uint16_t> ports{witness_source_port};
    if (has_ports(request.protocol))
      ports = gates_.ports(opposite(direction_), request.protocol, first_ephemeral);
    for (const std::uint16_t port : ports) {
      request.source_port = port;
      const auto reply = probe_.converse(request, there_, make_reply(request), back_);
      if (reply && reply->verdict == Verdict::accept) return true;
      if (reply) refused_by = probe_.deciding_entry(*reply).value_or("");
    }
    return false;
  }

  const Place& place_;
  Direction direction_;
  Inspection& inspection_;
  Probe& probe_;
  PlaceGates gates_;
  std::vector<Cell> allowed_;
  Journey there_, back_;
};

void report_blocked(const Place& place, Direction direction, const NetworkAclEntry& entry,
                    const Packet& request, const std::string& refused_by, Inspection& inspection) {
  const bool incoming = direction == Direction::ingress;
  const bool ports = has_ports(request.protocol);
  const std::string protocol = to_string(request.protocol);
  const std::string who = called(*place.interface);
  const std::string list = incoming ? "egress" : "ingress";
  const std::string type = request.protocol == Protocol::icmp ? "0" : "129";
  std::string message = "lets " + protocol + (ports ? " requests " : " echo requests ") +
                        (incoming ? "in to " : "out from ") + who + ", and no " + list +
                        " entry lets a reply " + (incoming ? "out" : "in") +
                        (ports ? " to any port that a client chooses" : "");
  if (!refused_by.empty())
    message += refused_by == "*" ? ": `*` denies it" : ": entry " + refused_by + " denies it";
  inspection.report(*place.acl, direction, entry, std::move(message),
                    "add an " + list + " entry that allows " + protocol +
                        (ports ? " 1024-65535 " : " type " + type + ' ') + to_string(entry.cidr));
}

}  // namespace

bool find_blocked_replies(const Policy&, Inspection& inspection) {
  std::set<std::tuple<const NetworkAclEntry*, Protocol>> reported;
  for (const Place& place : inspection.index().places()) {
    if (place.interface->type != Interface::Type::interface) continue;  // a gateway answers nobody
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      ReplySearch search(place, direction, inspection);
      for (const NetworkAclEntry& entry : place.acl->entries(direction)) {
        if (entry.action == Action::deny || is_for_replies(entry)) continue;
        for (const auto& [protocol, outcomes] : search.requests_of(entry))
          if (!outcomes.answered && outcomes.unanswered && reported.emplace(&entry, protocol).second)
            report_blocked(place, direction, entry, *outcomes.unanswered, outcomes.refused_by, inspection);
      }
    }
  }
  return true;
}

}  // namespace vpcwall
