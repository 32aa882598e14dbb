#include "lint/checks/other_gate.h"

#include <algorithm>
#include <set>

#include "lint/place_gates.h"

namespace vpcwall {
namespace {

Journey journey_of(Probe& probe, const Place& place, Direction direction) {
  return direction == Direction::ingress ? probe.entering(*place.interface) : probe.leaving(*place.interface);
}

bool is_inside(const Subnet& subnet, const IpAddress& address) {
  return (subnet.cidr && subnet.cidr->contains(address)) ||
         (subnet.ipv6_cidr && subnet.ipv6_cidr->contains(address));
}

// What the packets of one rule came to. Neighbours in the subnet reach it without an ACL (N-10); a rule for
// everyone is not written for them.
struct Passage {
  bool passes = false;
  bool asked = false;
  std::set<std::string> denied_by;  // entries
};

void ask_about(const SecurityGroupRule& rule, Direction direction, const Place& place, PlaceGates& gates,
               Inspection& inspection, Passage& result) {
  Probe& probe = inspection.probe();
  const Journey journey = journey_of(probe, place, direction);
  for (const Prefix& peer : inspection.index().peers(rule.peer)) {
    const auto own = gates.own_address(peer.base.family);
    if (!own) continue;
    for (const Cell& cell : gates.cells(direction, compile_traffic(rule.traffic), peer)) {
      if (!can_occur(cell.kind, peer.base.family)) continue;
      const auto address = probe.peer_between(cell.first, cell.last);
      if (!address || (peer.is_open() && is_inside(*place.subnet, *address))) continue;
      const Decision decision = probe.ask(make_witness(cell.kind, *own, *address, direction), journey);
      result.asked = true;
      result.passes = decision.verdict == Verdict::accept || !inspection.budget().may_ask();
      if (result.passes) return;
      if (decision.reason == Reason::acl_entry || decision.reason == Reason::acl_default)
        result.denied_by.insert(probe.deciding_entry(decision).value_or("*"));
    }
  }
}

std::string entries_text(const std::set<std::string>& numbers) {
  constexpr std::size_t most = 3;
  std::string text;
  std::size_t named = 0;
  for (const std::string& number : numbers) {
    if (named == most) return text + " and others";
    text += (named++ == 0 ? "" : ", ") + (number == "*" ? std::string("`*`") : "entry " + number);
  }
  return text;
}

enum class Use : std::uint8_t { none, some, unknown };  // unknown: it decides about nothing here

// Which entries of one list let a packet pass that the groups of the place let pass as well.
class EntrySearch {
 public:
  EntrySearch(const Place& place, Direction direction, Inspection& inspection)
      : direction_(direction),
        inspection_(inspection),
        probe_(inspection.probe()),
        gates_(place, inspection.index()),
        there_(journey_of(probe_, place, direction)),
        back_(journey_of(probe_, place, opposite(direction))) {
    look_at_requests();
    look_at_replies();
  }

  [[nodiscard]] Use use_of(const NetworkAclEntry& entry) {
    if (used_.contains(std::to_string(entry.number))) return Use::some;
    // N-44 to N-46: errors come about flows, and what lets them pass depends on more than rules.
    if (entry.traffic.protocol && is_icmp(*entry.traffic.protocol) && speaks_of_errors(entry.traffic))
      return Use::some;
    const auto own = gates_.own_address(entry.cidr.base.family);
    if (!own) return Use::none;
    for (const Cell& cell : gates_.cells(direction_, traffic_of(entry), entry.cidr)) {
      if (!inspection_.budget().may_ask()) return Use::unknown;
      const auto peer = probe_.peer_between(cell.first, cell.last);
      if (!peer) continue;
      const Decision decision = probe_.ask(make_witness(cell.kind, *own, *peer, direction_), there_);
      if (probe_.deciding_entry(decision) == std::to_string(entry.number)) return Use::none;
    }
    return Use::unknown;
  }

 private:
  [[nodiscard]] static bool speaks_of_errors(const Traffic& traffic) {
    if (traffic.icmp_type) return is_icmp_error(*traffic.protocol, *traffic.icmp_type);
    return true;
  }

  void look_at_requests() {
    for (const Cell& cell : gates_.allowed_cells(direction_)) {
      const auto packet = witness(cell, direction_);
      if (!packet) continue;
      const Decision decision = probe_.ask(*packet, there_);
      if (decision.verdict == Verdict::accept) mark(decision);
    }
  }

  void look_at_replies() {
    for (const Cell& cell : gates_.allowed_cells(opposite(direction_))) {
      auto request = witness(cell, opposite(direction_));
      if (!request) continue;
      std::vector<std::uint16_t> ports{witness_source_port};
      if (has_ports(request->protocol)) ports = gates_.ports(direction_, request->protocol, 0);
      for (const std::uint16_t port : ports) {
        request->source_port = port;
        const auto reply = probe_.converse(*request, back_, make_reply(*request), there_);
        if (!reply) break;  // the request does not pass, whatever port it comes from
        if (reply->verdict == Verdict::accept) mark(*reply);
      }
    }
  }

  // What stands for the cell: of ICMP its query, where it has one.
  [[nodiscard]] std::optional<Packet> witness(const Cell& cell, Direction direction) {
    const auto own = gates_.own_address(cell.first.family);
    if (!own || !can_occur(cell.kind, cell.first.family) || !inspection_.budget().may_ask())
      return std::nullopt;
    const auto peer = probe_.peer_between(cell.first, cell.last);
    if (!peer) return std::nullopt;
    Packet packet = make_witness(cell.kind, *own, *peer, direction);
    if (is_icmp(packet.protocol)) {
      Packet echo = packet;
      echo.icmp_type = packet.protocol == Protocol::icmp ? 8 : 128;
      echo.icmp_code = 0;
      if (cell.kind <= kind_of(echo) && kind_of(echo) <= cell.last_kind) packet = echo;
    }
    return packet;
  }

  void mark(const Decision& decision) {
    if (auto number = probe_.deciding_entry(decision)) used_.insert(std::move(*number));
  }

  Direction direction_;
  Inspection& inspection_;
  Probe& probe_;
  PlaceGates gates_;
  Journey there_, back_;
  std::set<std::string> used_;
};

}  // namespace

bool find_unreachable_rules(const SecurityGroup& group, Inspection& inspection) {
  std::vector<const Place*> places;
  for (const Place& place : inspection.index().places()) {
    const auto& groups = place.interface->security_groups;
    if (std::find(groups.begin(), groups.end(), group.id) != groups.end()) places.push_back(&place);
  }
  if (places.empty()) return false;
  for (const Direction direction : {Direction::ingress, Direction::egress})
    for (const SecurityGroupRule& rule : group.rules(direction)) {
      Passage passage;
      for (const Place* place : places) {
        PlaceGates gates(*place, inspection.index());
        if (!passage.passes) ask_about(rule, direction, *place, gates, inspection, passage);
      }
      if (!passage.asked || passage.passes || passage.denied_by.empty()) continue;
      const std::string acl = places.size() == 1 ? called(*places.front()->acl) : "the network ACLs";
      inspection.report(group, direction, rule,
                        "allows nothing: " + acl + (places.size() == 1 ? " denies" : " deny") +
                            " all of it (" + std::string(to_string(direction)) + ' ' +
                            entries_text(passage.denied_by) + ')');
    }
  return true;
}

bool find_unreachable_entries(const NetworkAcl& acl, Inspection& inspection) {
  std::vector<const Place*> places;
  for (const Place& place : inspection.index().places()) {
    if (place.acl != &acl) continue;
    if (place.interface->type != Interface::Type::interface)
      return false;  // N-29: nothing else filters there
    places.push_back(&place);
  }
  if (places.empty()) return false;
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    std::vector<EntrySearch> searches;
    searches.reserve(places.size());
    for (const Place* place : places) searches.emplace_back(*place, direction, inspection);
    for (const NetworkAclEntry& entry : acl.entries(direction)) {
      if (entry.action == Action::deny || entry.at.line == 0) continue;
      const bool useless = std::all_of(searches.begin(), searches.end(), [&](EntrySearch& search) {
        return search.use_of(entry) == Use::none;
      });
      if (useless)
        inspection.report(acl, direction, entry,
                          std::string("allows nothing: no interface behind it ") +
                              (direction == Direction::ingress ? "lets any of it in" : "sends any of it") +
                              ", neither as a request nor as a reply");
    }
  }
  return true;
}

}  // namespace vpcwall
